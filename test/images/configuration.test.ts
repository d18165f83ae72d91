import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initramfsPaths } from '../../containers/builder/programs/boot/initramfs-paths.ts';
import { certificates } from '../../containers/builder/programs/certificates.ts';
import { certificateFiles } from '../../core/spec/configuration/certificates.ts';
import { certificates as samples } from '../core/spec/certificate-samples.ts';
import { passwordHashes } from '../core/spec/sample-spec.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { startEngineInProcess } from '../support/engine-in-process.ts';
import { runProgram } from '../support/program-bench.ts';
import { bootIso } from '../support/qemu.ts';

/** What passwordHashes.yescrypt is the hash of: the preset's. */
const password = 'linux-builder';

/** Every section but cloud-init, which an emulated machine without a network waits for too long. */
const spec = (httpsPort: string) => ({
  schemaVersion: 1 as const,
  name: 'edge',
  base: { distribution: 'debian' as const, release: 'bookworm' as const, architecture: 'amd64' as const },
  packages: { install: ['procps'] },
  system: { hostname: 'edge-01', ntp: { servers: ['ntp1.example.org', '192.0.2.1'] } },
  users: [{ name: 'ops', groups: ['sudo'], passwordHash: passwordHashes.yescrypt }],
  files: [{ path: '/srv/server.pem', content: samples.server }],
  kernel: {
    cmdline: ['console=tty0', 'console=ttyS0,115200', 'loglevel=3'],
    modules: { load: ['dummy'], block: ['pcspkr'] },
  },
  firewall: {
    allow: [
      { port: '22', sources: ['192.0.2.0/24', '192.0.2.128/25', '2001:db8::/32'] },
      { port: httpsPort },
      { port: '8080', sources: ['0.0.0.0/0', '::/0'] },
      { port: '60000-61000', protocol: 'udp' as const },
    ],
    allowPing: false,
  },
  sysctl: {
    ...{ 'net.ipv4.ip_forward': '1', 'vm.swappiness': '10', 'net.ipv4.conf.*.log_martians': '1' },
    // Debian 12's procps sets it to 2, in a file that comes late.
    'fs.protected_regular': '1',
  },
  ssh: {
    ...{ ports: [22, 2_222], passwordAuthentication: false, permitRootLogin: 'no' as const, allowUsers: ['ops'] },
    ...{ x11Forwarding: false, maxAuthTries: 3 },
  },
  certificates: [samples.root, samples.other],
  updates: { unattended: 'security' as const, automaticReboot: true, rebootTime: '03:30' },
  outputs: [{ type: 'iso' as const }, { type: 'tar' as const }],
});

/** What cloud-init finds of its own settings: of the section's file and the package's. */
const cloudSpec = {
  ...{ schemaVersion: 1 as const, name: 'cloud', base: { ...spec('443').base, release: 'trixie' as const } },
  cloudInit: { datasources: ['NoCloud' as const, 'None' as const], network: false, preserveHostname: true },
  outputs: [{ type: 'tar' as const }],
};

/** Path and target or content of all in a folder of a tree. */
function contents(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .map((entry): [string, string] => {
        const path = join(entry.parentPath, entry.name);
        if (entry.isSymbolicLink()) return [path, readlinkSync(path)];
        return [path, entry.isFile() ? readFileSync(path, 'utf8') : ''];
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

describe('a posted spec with typed configuration becomes an image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-configuration-'));
  const treeOf = (name: string) => join(folder, `${name}-tree`);
  const tree = treeOf('edge');
  const inside = (name: string, command: string) =>
    execFileSync('chroot', [treeOf(name), '/bin/sh', '-c', command], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const again: string[] = [];

  beforeAll(async () => {
    const directory = engineFolder();
    const engine = await startEngineInProcess(directory, { mode: 'contained' });
    const build = async (posted: ReturnType<typeof spec> | typeof cloudSpec) => {
      const began = performance.now();
      const started = await engine.client.startBuild(posted);
      const ended = await engine.client.waitForBuild(started.id);
      expect(ended.failure).toBeUndefined();
      expect(ended.state).toBe('succeeded');
      const steps = ended.stages.flatMap((stage) => stage.steps).filter(({ hit }) => !hit);
      const times = steps.map(({ id, milliseconds }) => `${id} ${milliseconds?.program ?? 0} ms`);
      console.log(`${((performance.now() - began) / 1_000).toFixed(1)} s: ${times.join(', ')}`);
      return { id: started.id, steps: steps.map(({ id }) => id) };
    };
    try {
      const { id } = await build(spec('443'));
      for (const name of ['edge.iso', 'edge.tar.zst']) await engine.client.downloadArtifact(id, name, folder);
      again.push(...(await build(spec('8443'))).steps);
      await engine.client.downloadArtifact((await build(cloudSpec)).id, 'cloud.tar.zst', folder);
    } finally {
      await engine.close();
      removeFolder(directory);
    }
    for (const name of ['edge', 'cloud']) {
      mkdirSync(treeOf(name));
      const archive = join(folder, `${name}.tar.zst`);
      execFileSync('tar', ['--zstd', '--numeric-owner', '-xpf', archive, '-C', treeOf(name)]);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('in which a changed rule runs its step again, and what follows that', () => {
    expect(again.sort()).toEqual(['configuration', 'files', 'iso', 'module.custom', 'tar']);
  });

  it.each([
    ['etc/systemd/timesyncd.conf.d/lbuild.conf', 0o644],
    ['etc/nftables.conf', 0o755],
    ['etc/sysctl.d/99-spec-lbuild.conf', 0o644],
    ['etc/modules-load.d/lbuild.conf', 0o644],
    ['etc/modprobe.d/lbuild.conf', 0o644],
    ['etc/ssh/sshd_config.d/40-lbuild.conf', 0o644],
    ['etc/apt/apt.conf.d/20auto-upgrades', 0o644],
    ['etc/apt/apt.conf.d/52lbuild-unattended-upgrades', 0o644],
    ['usr/local/share/ca-certificates/lbuild-f208f49ba623.crt', 0o644],
    ['etc/ssl/certs/ca-certificates.crt', 0o644],
  ])('with the file %s', (path, mode) => {
    const found = statSync(join(tree, path));
    expect([found.mode & 0o7777, found.uid, found.gid]).toEqual([mode, 0, 0]);
    expect(found.size).toBeGreaterThan(0);
  });

  it('whose initial RAM file system knows the modules that are blocked', () => {
    const [image = ''] = readdirSync(join(tree, 'boot')).filter((name) => name.startsWith('initrd.img-'));
    expect(initramfsPaths(readFileSync(join(tree, 'boot', image)))).toContain('etc/modprobe.d/lbuild.conf');
  });

  it('whose certificates come out the same from an empty folder, without /proc', async () => {
    const store = join(tree, 'etc/ssl/certs');
    const before = contents(store);
    expect(Object.values(before)).toContain('/usr/local/share/ca-certificates/lbuild-f208f49ba623.crt');
    for (const path of Object.keys(before)) rmSync(path);
    const options = { certificates: certificateFiles([samples.root, samples.other]) };
    await runProgram(certificates, options, { tree, scratch: folder, contained: true });
    expect(contents(store)).toEqual(before);
  });

  const upgrades = `Unattended-Upgrade::Origins-Pattern:: "origin=Debian,codename=\${distro_codename}-security,label=Debian-Security";`;
  it.each([
    [
      "mkdir -p /run/sshd; ssh-keygen -A >/dev/null; /usr/sbin/sshd -T | grep -E '^(port|permitroot|password|kbd|allowusers|x11forwarding|maxauth)' | sort",
      ...['allowusers ops', 'kbdinteractiveauthentication no', 'maxauthtries 3', 'passwordauthentication no'],
      ...['permitrootlogin no', 'port 22', 'port 2222', 'x11forwarding no'],
    ],
    ['openssl verify /srv/server.pem', '/srv/server.pem: OK'],
    ['openssl verify -no-CApath -CAfile /etc/ssl/certs/ca-certificates.crt /srv/server.pem', '/srv/server.pem: OK'],
    [
      "apt-config dump | grep -E '^(Unattended-Upgrade::(Origins-Pattern::|Automatic-Reboot)|APT::Periodic::U)' | LC_ALL=C sort",
      ...['APT::Periodic::Unattended-Upgrade "1";', 'APT::Periodic::Update-Package-Lists "1";'],
      'Unattended-Upgrade::Automatic-Reboot "true";',
      'Unattended-Upgrade::Automatic-Reboot-Time "03:30";',
      upgrades,
    ],
    ['/usr/sbin/modprobe -S "$(ls /lib/modules)" --show-depends pcspkr', 'install /bin/false'],
    [
      'systemctl is-enabled nftables ssh systemd-timesyncd apt-daily.timer apt-daily-upgrade.timer',
      ...['enabled', 'enabled', 'enabled', 'enabled', 'enabled'],
    ],
  ])('in which %s says what was asked for', (command, ...lines) => {
    expect(
      inside('edge', command)
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual(lines);
  });

  it('in which cloud-init takes the settings of the section, not those of its package', () => {
    // As `dpkg-reconfigure cloud-init` writes it.
    writeFileSync(join(treeOf('cloud'), 'etc/cloud/cloud.cfg.d/90_dpkg.cfg'), 'datasource_list: [ Ec2, None ]\n');
    const read =
      'import json; from cloudinit import util; print(json.dumps(util.read_conf_with_confd("/etc/cloud/cloud.cfg")))';
    expect(JSON.parse(inside('cloud', `python3 -c '${read}'`))).toMatchObject({
      datasource_list: ['NoCloud', 'None'],
      network: { config: 'disabled' },
      preserve_hostname: true,
    });
  });

  it('that boots, and is inside as the spec says', async () => {
    const sudo = (command: string) => `echo ${password} | sudo -S -p '' ${command}`;
    const facts = {
      'hostname; id -un': 'edge-01\nops',
      'systemctl is-active nftables ssh systemd-timesyncd': 'active\nactive\nactive',
      [`${sudo('nft -s list ruleset')} | tr -d '\\t' | grep -E 'policy|dport|echo'`]: [
        'type filter hook input priority filter; policy drop;',
        'ip6 saddr fe80::/10 udp dport 546 accept',
        'ip saddr 192.0.2.0/24 tcp dport 22 accept',
        'ip saddr 192.0.2.128/25 tcp dport 22 accept',
        'ip6 saddr 2001:db8::/32 tcp dport 22 accept',
        'tcp dport 443 accept',
        'udp dport 60000-61000 accept',
        'ip saddr 0.0.0.0/0 tcp dport 8080 accept',
        'ip6 saddr ::/0 tcp dport 8080 accept',
        'type filter hook forward priority filter; policy drop;',
      ].join('\n'),
      [sudo('sysctl -n net.ipv4.ip_forward vm.swappiness net.ipv4.conf.lo.log_martians fs.protected_regular')]:
        '1\n10\n1\n1',
      "cut -d' ' -f1 /proc/modules | grep -x dummy": 'dummy',
      [`${sudo('modinfo -F filename pcspkr')} | grep -c pcspkr`]: '1',
      [`${sudo('modprobe pcspkr')} >/dev/null 2>&1; echo $?`]: '1',
      'timedatectl show-timesync -p SystemNTPServers --value': 'ntp1.example.org 192.0.2.1',
    };
    // What comes to the console while the machine still starts is no answer.
    const wait = 'timeout 300 systemctl is-system-running --wait';
    const boot = await bootIso({
      iso: join(folder, 'edge.iso'),
      firmware: 'bios',
      timeoutSeconds: 540,
      expect: /edge-01 login:/,
      login: { user: 'ops', password },
      interact: [wait, ...Object.keys(facts)],
    });
    const [state, ...outputs] = boot.outputs;
    console.log(`login prompt after ${boot.bootSeconds.toFixed(0)} s (${boot.acceleration}); ${state}`);
    const seen = Object.fromEntries(Object.keys(facts).map((command, at) => [command, outputs[at]]));
    expect(seen).toEqual(facts);
  });
});
