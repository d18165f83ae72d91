import { quoted } from '../text.ts';
import type { Foreign } from './foreign.ts';
import { changed, list, none, object, type Rule, type Scope, text } from './rules.ts';

/** Ports of services as firewalld knows them, as PORT/PROTOCOL. */
const services: Readonly<Record<string, string>> = {
  'bacula-client': '9102/tcp',
  cockpit: '9090/tcp',
  dhcp: '67/udp',
  dhcpv6: '547/udp',
  'dhcpv6-client': '546/udp',
  dns: '53/tcp 53/udp',
  'dns-over-tls': '853/tcp',
  'docker-swarm': '2377/tcp 7946/tcp 7946/udp 4789/udp',
  elasticsearch: '9200/tcp 9300/tcp',
  etcd: '2379/tcp 2380/tcp',
  ftp: '21/tcp',
  git: '9418/tcp',
  grafana: '3000/tcp',
  http: '80/tcp',
  http3: '443/udp',
  https: '443/tcp',
  imap: '143/tcp',
  imaps: '993/tcp',
  ipp: '631/tcp',
  ipsec: '500/udp 4500/udp',
  kerberos: '88/tcp 88/udp',
  'kube-apiserver': '6443/tcp',
  kubelet: '10250/tcp',
  ldap: '389/tcp',
  ldaps: '636/tcp',
  'libvirt-tls': '16514/tcp',
  mdns: '5353/udp',
  memcache: '11211/tcp 11211/udp',
  mongodb: '27017/tcp',
  mosh: '60000-61000/udp',
  mqtt: '1883/tcp',
  'mqtt-tls': '8883/tcp',
  mysql: '3306/tcp',
  nfs: '2049/tcp',
  'node-exporter': '9100/tcp',
  ntp: '123/udp',
  openvpn: '1194/udp',
  pop3: '110/tcp',
  pop3s: '995/tcp',
  postgresql: '5432/tcp',
  prometheus: '9090/tcp',
  puppetmaster: '8140/tcp',
  rdp: '3389/tcp',
  redis: '6379/tcp',
  rsyncd: '873/tcp 873/udp',
  samba: '139/tcp 445/tcp',
  sip: '5060/tcp 5060/udp',
  smtp: '25/tcp',
  'smtp-submission': '587/tcp',
  smtps: '465/tcp',
  snmp: '161/tcp 161/udp',
  squid: '3128/tcp',
  ssh: '22/tcp',
  syslog: '514/udp',
  telnet: '23/tcp',
  tftp: '69/udp',
  'vnc-server': '5900-5903/tcp',
  wireguard: '51820/udp',
  'zabbix-agent': '10050/tcp',
};
export const knownServices: readonly string[] = Object.keys(services);

/** What firewalld lets in where nothing is said: the services of its zone `public`. */
const usual = { ssh: [], 'dhcpv6-client': ['fe80::/64'] } as const satisfies Readonly<
  Record<string, readonly string[]>
>;

const portsOf = (service: string): string | undefined =>
  Object.hasOwn(services, service) ? services[service] : undefined;

/** Lets a port in. */
function allow(port: string, protocol: string, node: Foreign, { draft }: Scope, note: string): void {
  const rule = ['firewall', 'allow', draft.named(['firewall', 'allow'], `${port}/${protocol}`)] as const;
  const told = note === '' ? {} : changed(note);
  draft.put([...rule, 'port'], port, node, told);
  draft.put([...rule, 'protocol'], protocol, node, told);
}

function putService(name: string, node: Foreign, scope: Scope, protocols?: readonly string[]): void {
  const ports = portsOf(name);
  if (ports === undefined) {
    const note = `the ports of ${quoted(name)} are not known here: name them in \`firewall.allow\``;
    scope.draft.say(node, 'dropped', note);
    return;
  }
  for (const one of ports.split(' ')) {
    const [port = '', protocol = ''] = one.split('/');
    if (protocols?.includes(protocol) ?? true) allow(port, protocol, node, scope, `${name} is ${ports}`);
  }
}

/** `80:tcp`, `8000-8010:udp`, `imap:tcp`; `/` for `:` is understood too. */
function putPort(value: string, node: Foreign, scope: Scope): void {
  const [, port = '', protocol] = /^\s*([A-Za-z0-9-]+?)\s*(?:[:/]\s*([A-Za-z]+))?\s*$/.exec(value) ?? [];
  if (protocol !== undefined && !/^(?:tcp|udp)$/i.test(protocol)) {
    const note = `${quoted(protocol)} is no protocol whose ports can be let in: tcp and udp are`;
    scope.draft.say(node, 'dropped', note);
    return;
  }
  const spoken = (protocol ?? 'tcp').toLowerCase();
  if (/^\d+(?:-\d+)?$/.test(port)) {
    const [first, last] = port.split('-');
    allow(first === last ? (first ?? '') : port, spoken, node, scope, protocol === undefined ? 'tcp is meant' : '');
    return;
  }
  if (port === '') {
    scope.draft.say(node, 'dropped', `${quoted(value)} is no port: write PORT:PROTOCOL`);
    return;
  }
  putService(port, node, scope, [spoken]);
}

function putDisabled(name: string, node: Foreign, { draft }: Scope): void {
  const ports = portsOf(name);
  draft.say(node, 'taken', ports === undefined ? 'nothing is let in that is not named' : `nothing lets ${ports} in`);
}

/** What firewalld lets in by itself, but for what the document shuts out. */
function letInUsual(node: Foreign, { draft }: Scope): void {
  const section = node.value;
  const shut: unknown = typeof section === 'object' && section !== null ? Reflect.get(section, 'services') : undefined;
  const disabled: unknown = typeof shut === 'object' && shut !== null ? Reflect.get(shut, 'disabled') : undefined;
  for (const [name, sources] of Object.entries(usual)) {
    if (Array.isArray(disabled) && disabled.includes(name)) continue;
    const [port = '', protocol = ''] = (portsOf(name) ?? '').split('/');
    const rule = ['firewall', 'allow', draft.named(['firewall', 'allow'], `${port}/${protocol}`)] as const;
    if (draft.find([...rule, 'port']) !== undefined) continue;
    draft.assume([...rule, 'port'], port, `firewalld lets ${name} in by itself`);
    draft.assume([...rule, 'protocol'], protocol);
    for (const source of sources)
      draft.addAssumed([...rule, 'sources'], source, 'from its own link alone, as firewalld does');
  }
}

const members: Readonly<Record<string, Rule>> = {
  ports: list(text('`firewall.allow[]`; names of services become their ports', putPort)),
  services: object({
    enabled: list(text('`firewall.allow[]`, by a table of ports', putService)),
    disabled: list(text('needs none: what is not let in is shut out', putDisabled)),
  }),
  zones: none('there are no zones: name networks in `firewall.allow[].sources`'),
};

/** The firewall of a blueprint, which is firewalld's. */
export const firewallRule: Rule = {
  says: '`firewall`',
  members,
  read(node, scope) {
    object(members).read(node, scope);
    if (typeof node.value !== 'object' || node.value === null || Array.isArray(node.value)) return;
    scope.draft.assume(['firewall', 'default'], 'deny', 'what firewalld does with what no rule lets in');
    letInUsual(node, scope);
  },
};
