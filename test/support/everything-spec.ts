import { sha256 } from '../../core/digest.ts';
import type { SpecInput } from '../../core/spec/schema.ts';
import { certificates } from '../core/spec/certificate-samples.ts';
import { passwordHashes, publicKeys } from '../core/spec/sample-spec.ts';
import type { FakePackage } from './fake-archive.ts';

/** What passwordHashes.yescrypt is the hash of. */
export const everythingPassword = 'linux-builder';

/** The packages of the archive that the spec names, which is made and signed by the test. */
export const sitePackages: readonly FakePackage[] = [
  { name: 'site-web', files: { 'srv/web/index.html': 'from the archive\n' } },
  // Goes with what it depends on, which the spec removes.
  { name: 'site-group', fields: { Depends: 'site-gone' } },
  { name: 'site-gone', files: { 'srv/gone/file': 'to be removed\n' } },
];

const passwordHash = passwordHashes.yescrypt;

const container = (tag: string) => ({
  ...{ name: 'registry.example/team/edge', tag, user: 'ops', workdir: '/srv/web', env: { MODE: 'built here' } },
  ...{ entrypoint: ['/bin/cat'], cmd: ['index.html'], exposedPorts: ['80'], labels: { 'example.team': 'edge' } },
});

/** Size of every disk, so that the forms of one disk can be compared byte for byte. */
export const diskMiB = 3_072;

/** What the spec takes as an upload: whoever builds it sends this first. */
export const everythingUpload = 'sent on its own\n';

const disk = { sizeMiB: diskMiB, label: 'EDGE' };

/**
 * Every output. The forms of an output exclude each other, so that the others are in `otherForms` (forms-spec.ts).
 * @param baseUrl where a machine that starts from the network finds the files of the network boot
 */
const outputs = (baseUrl: string): NonNullable<SpecInput['outputs']> => [
  { type: 'iso', label: 'EDGE_ISO' },
  { type: 'raw', ...disk },
  { type: 'qcow2', ...disk, compression: 'zstd' },
  { type: 'vmdk', ...disk, subformat: 'streamOptimized' },
  { type: 'vhd', ...disk, subformat: 'dynamic' },
  { type: 'vhdx', ...disk },
  { type: 'ova', ...disk, cpus: 2, memoryMiB: 1_024 },
  { type: 'oci', compression: 'gzip', ...container('oci') },
  { type: 'docker', ...container('docker') },
  { type: 'tar' },
  { type: 'netboot', baseUrl, compressionLevel: 3 },
  { type: 'wsl', defaultUser: 'dev' },
];

/**
 * The spec that uses every section and every output at once. What each section does is shown inside the booted image
 * (everything-facts.ts); that none is left out, test/core/spec/capability-coverage.test.ts asserts of the table.
 * @param site address and key of an archive of `sitePackages`, suite `stable`
 * @param baseUrl of the network boot
 */
export function everythingSpec(site: { readonly url: string; readonly key: string }, baseUrl: string): SpecInput {
  return {
    schemaVersion: 1,
    name: 'edge',
    base: { distribution: 'debian', release: 'trixie', architecture: 'amd64' },
    archives: [{ name: 'site', url: site.url, suites: ['stable'], key: site.key, priority: 400 }],
    packages: {
      install: [
        'site-web',
        'site-group',
        'curl',
        'nginx-light',
        'dbus',
        'iputils-ping',
        'linux-sysctl-defaults',
        'systemd-sysv',
      ],
      remove: ['site-gone'],
      recommends: false,
      pins: [{ package: 'curl', version: '8.*', priority: 1_001 }],
      hold: ['curl'],
    },
    system: {
      ...{ hostname: 'edge-01', timezone: 'Europe/Berlin', locale: 'de_DE.UTF-8', keyboard: 'de' },
      ntp: { servers: ['ntp1.example.org', '192.0.2.1'] },
    },
    groups: [{ name: 'deploy', gid: 1_500 }],
    users: [
      {
        ...{ name: 'ops', uid: 1_600, passwordHash, groups: ['systemd-journal', 'deploy'], comment: 'Operator' },
        ...{ sshKeys: [publicKeys.ed25519], sudo: { passwordless: true } },
      },
      {
        ...{ name: 'dev', shell: '/bin/sh', home: '/srv/dev' },
        sudo: { passwordless: true, commands: ['/usr/bin/id ""', '/usr/bin/cat'] },
      },
      { name: 'asked', passwordHash, sudo: true },
      { name: 'fresh', passwordHash, mustChangePassword: true },
      { name: 'locked', passwordHash, locked: true },
    ],
    rootAccount: { sshKeys: [publicKeys.p256], passwordHash, locked: true },
    directories: [
      { path: '/srv/data', mode: '2770', group: 'deploy' },
      { path: '/var/backups', mode: '0700', owner: 'ops' },
    ],
    files: [
      { path: '/etc/motd', content: 'built here\n' },
      { path: '/srv/data/bytes', base64: '/wAKgA==', mode: '0640', owner: 'ops', group: 'deploy' },
      { path: '/srv/server.pem', content: certificates.server },
      { path: '/srv/store/sent', upload: sha256(everythingUpload), mode: '0640', group: 'deploy' },
      { path: '/opt/firmware/config.txt', content: 'arm_64bit=1\n' },
      // The image's own, since cloud-init is told to leave the network alone.
      { path: '/etc/systemd/network/80-dhcp.network', content: '[Match]\nName=en*\n\n[Network]\nDHCP=yes\n' },
    ],
    remove: [{ path: '/usr/share/doc' }, { path: '/etc/issue.net' }, { path: '/srv/none', ifPresent: true }],
    services: {
      enable: ['nginx', 'systemd-networkd'],
      disable: ['fstrim.timer'],
      mask: ['systemd-networkd-wait-online', 'dpkg-db-backup.timer'],
    },
    firstBoot: [
      { name: 'hello', run: 'echo hello >> /srv/attempts' },
      { name: 'shaky', run: 'echo shaky >> /srv/attempts; exit 3', ignoreFailure: true },
      { name: 'last', run: '#!/bin/bash\necho "last $HOME" >> /srv/attempts' },
    ],
    kernel: {
      package: 'linux-image-cloud-amd64',
      // The kernel's warnings of a slow machine would stand among the answers of commands.
      cmdline: ['console=tty0', 'console=ttyS0,115200', 'loglevel=3'],
      modules: { load: ['dummy'], block: ['nbd'] },
    },
    firewall: {
      allow: [
        { port: '22' },
        { port: '80', sources: ['192.0.2.0/24', '2001:db8::/32'] },
        { port: '60000-61000', protocol: 'udp' },
      ],
      allowPing: false,
    },
    sysctl: { 'net.ipv4.ip_forward': '1', 'vm.swappiness': '10', 'net.ipv4.conf.*.log_martians': '1' },
    ssh: {
      ...{ ports: [22, 2_222], passwordAuthentication: false, permitRootLogin: 'no', allowUsers: ['ops'] },
      ...{ x11Forwarding: false, maxAuthTries: 3 },
    },
    certificates: [certificates.root],
    cloudInit: { datasources: ['NoCloud', 'None'], network: false, preserveHostname: true },
    updates: { unattended: 'security', automaticReboot: true, rebootTime: '03:30' },
    steps: [
      { id: 'site', run: 'install -d -o ops /srv/site; echo one > /srv/site/index.html', needs: [] },
      // Of a lower module's files some go, and a folder of it is made anew.
      { id: 'more', run: 'echo two > /srv/more; rm /etc/debian_version; rm -r /etc/skel; mkdir /etc/skel', needs: [] },
      {
        id: 'last',
        run: 'cat /srv/site/index.html /srv/more > /srv/both',
        needs: ['site', 'more'],
        timeoutSeconds: 60,
      },
    ],
    embedSpec: true,
    compliance: { profiles: ['base', 'hipaa', 'pci-dss', 'soc2'] },
    vulnerabilities: { onlyFixed: true },
    disk: {
      ...{ efi: { sizeMiB: 100 }, root: { fileSystem: 'ext4' }, swap: { sizeMiB: 64 }, growth: 'first-boot' },
      partitions: [
        { mountPoint: '/srv/store', sizeMiB: 128, options: ['noexec'] },
        { mountPoint: '/opt/firmware', fileSystem: 'vfat', sizeMiB: 64 },
      ],
    },
    outputs: outputs(baseUrl),
    tests: [
      { boot: { firmware: ['bios'], timeoutSeconds: 600 } },
      { run: 'systemctl is-active nginx', retries: 5 },
      { run: 'systemctl is-active ssh', retries: 5 },
      { run: 'test "$(hostname)" = edge-01' },
      { port: 22, retries: 5 },
    ],
  };
}
