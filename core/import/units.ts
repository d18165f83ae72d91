import { type Foreign, memberOf } from './foreign.ts';
import { changed, type Scope } from './rules.ts';

interface UnitHere {
  /** Its name here; empty where there is no such unit. */
  readonly unit: string;
  /** The package that brings it. */
  readonly package?: string;
}

/** Units that have another name here, or whose package is part of the system elsewhere and not here. */
const units: Readonly<Record<string, UnitHere>> = {
  auditd: { unit: 'auditd', package: 'auditd' },
  chronyd: { unit: 'chrony', package: 'chrony' },
  'cockpit.socket': { unit: 'cockpit.socket', package: 'cockpit' },
  crond: { unit: 'cron', package: 'cron' },
  dhcpd: { unit: 'isc-dhcp-server', package: 'isc-dhcp-server' },
  docker: { unit: 'docker', package: 'docker.io' },
  'dnf-automatic.timer': { unit: '' },
  firewalld: { unit: 'firewalld', package: 'firewalld' },
  httpd: { unit: 'apache2', package: 'apache2' },
  'insights-client.timer': { unit: '' },
  iptables: { unit: 'netfilter-persistent', package: 'iptables-persistent' },
  kdump: { unit: 'kdump-tools', package: 'kdump-tools' },
  libvirtd: { unit: 'libvirtd', package: 'libvirt-daemon-system' },
  mariadb: { unit: 'mariadb', package: 'mariadb-server' },
  mysqld: { unit: 'mariadb', package: 'mariadb-server' },
  network: { unit: '' },
  named: { unit: 'named', package: 'bind9' },
  NetworkManager: { unit: 'NetworkManager', package: 'network-manager' },
  'nfs-server': { unit: 'nfs-server', package: 'nfs-kernel-server' },
  nginx: { unit: 'nginx', package: 'nginx' },
  nmb: { unit: 'nmbd', package: 'samba' },
  'podman.socket': { unit: 'podman.socket', package: 'podman' },
  postgresql: { unit: 'postgresql', package: 'postgresql' },
  redis: { unit: 'redis-server', package: 'redis-server' },
  rhsmcertd: { unit: '' },
  rsyslog: { unit: 'rsyslog', package: 'rsyslog' },
  smb: { unit: 'smbd', package: 'samba' },
  ssh: { unit: 'ssh', package: 'openssh-server' },
  sshd: { unit: 'ssh', package: 'openssh-server' },
  'sshd.socket': { unit: 'ssh.socket', package: 'openssh-server' },
  tuned: { unit: 'tuned', package: 'tuned' },
};

/** The list that a unit is named in. */
export type UnitList = 'enable' | 'disable' | 'mask';

/** Puts a unit of an RPM distribution by the name that it has here, with the package that brings it where it is to start. */
export function putUnit(list: UnitList): (name: string, node: Foreign, scope: Scope) => void {
  return (name, node, { draft, document }) => {
    const plain = name.replace(/\.service$/, '');
    const known = Object.hasOwn(units, plain) ? units[plain] : undefined;
    if (known?.unit === '') return draft.say(node, 'dropped', `there is no unit ${plain} here: it is for RPM systems`);
    if (
      plain === 'firewalld' &&
      list === 'enable' &&
      memberOf(memberOf(document, 'customizations'), 'firewall') !== undefined
    ) {
      return draft.say(node, 'changed', '`firewall` is by nftables, which starts');
    }
    const here = known?.unit ?? name;
    const same = known === undefined || here === plain;
    draft.add(['services', list], same ? name : here, node, same ? {} : changed(`${plain} is called ${here} here`));
    if (list === 'enable' && known?.package !== undefined) {
      draft.addAssumed(['packages', 'install'], known.package, `brings the unit ${here}, which is to start`);
    }
    return undefined;
  };
}
