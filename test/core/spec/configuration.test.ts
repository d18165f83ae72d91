import { describe, expect, it } from 'vitest';
import { readCertificate } from '../../../core/certificate.ts';
import { checkSpec } from '../../../core/spec/check.ts';
import { networkText, readAddress, readNetwork } from '../../../core/spec/configuration/addresses.ts';
import { sectionsOf } from '../../../core/spec/configuration/sections.ts';
import { resolvedSpecSchema, specDigest } from '../../../core/spec/resolve.ts';
import { certificates } from './certificate-samples.ts';
import { everything, sampleSpec } from './sample-spec.ts';

function resolved(fragment: Readonly<Record<string, unknown>>) {
  const checked = checkSpec(sampleSpec(fragment), everything);
  if (!checked.ok) throw new Error(JSON.stringify(checked.errors));
  return checked.spec;
}

const full = {
  system: { ntp: { servers: ['ntp.example.org', '192.0.2.1', '2001:db8::1'] } },
  kernel: { modules: { load: ['zram', 'dummy'], block: ['usb-storage', 'firewire_core'] } },
  firewall: {
    forward: 'accept',
    allow: [
      { port: '8000-8010', protocol: 'udp' },
      { port: '22', sources: ['2001:db8::/32', '10.0.0.0/8', '192.0.2.7', '::1', '0.0.0.0/0', '::/0'] },
      { port: '22', protocol: 'udp' },
    ],
    allowPing: false,
  },
  sysctl: {
    'net.ipv4.conf.eth0/100.rp_filter': '1',
    'net.ipv4.conf.*.rp_filter': '2',
    'kernel.core_pattern': '|/bin/x %p',
  },
  ssh: { ports: [2_222, 22], passwordAuthentication: false, permitRootLogin: 'no', allowUsers: ['zoe', '_apt', 'abe'] },
  certificates: [certificates.root, `${certificates.other.trimEnd().replaceAll('\n', '\r\n')}  \n`],
  cloudInit: { datasources: ['NoCloud', 'Ec2', 'None'], network: false, preserveHostname: true },
  updates: { unattended: 'all', automaticReboot: true, rebootTime: '23:59' },
};

describe('configuration sections', () => {
  it('are in a resolved spec only where they were given', () => {
    const spec = resolved({});
    for (const name of ['firewall', 'sysctl', 'ssh', 'certificates', 'cloudInit', 'updates']) {
      expect(Object.keys(spec)).not.toContain(name);
    }
    expect(Object.keys(spec.system).sort()).toEqual(['hostname', 'keyboard', 'locale', 'timezone']);
    expect(Object.keys(spec.kernel).sort()).toEqual(['cmdline', 'package']);
    expect(sectionsOf(spec)).toEqual([]);
  });

  it('have their defaults filled', () => {
    expect(resolved({ firewall: {}, ssh: {}, updates: {}, cloudInit: { datasources: ['Ec2'] } })).toMatchObject({
      firewall: { default: 'deny', forward: 'deny', allow: [], allowPing: true },
      ssh: {},
      updates: { unattended: 'security', automaticReboot: false },
      cloudInit: { datasources: ['Ec2'], network: true, preserveHostname: false },
    });
    expect(resolved({ system: { ntp: {} } }).system.ntp).toEqual({ enabled: true, servers: [] });
    expect(resolved({ kernel: { modules: {} } }).kernel.modules).toEqual({ load: [], block: [] });
    expect(resolved({ firewall: { allow: [{ port: '1' }] } }).firewall?.allow).toEqual([
      { port: '1', protocol: 'tcp', sources: [] },
    ]);
  });

  it('have what has no order sorted, and keep the order that means something', () => {
    const spec = resolved(full);
    expect(spec.firewall?.allow.map(({ port, protocol }) => `${port}/${protocol}`)).toEqual([
      '22/tcp',
      '22/udp',
      '8000-8010/udp',
    ]);
    expect(spec.firewall?.allow[0]?.sources).toEqual([
      '0.0.0.0/0',
      '10.0.0.0/8',
      '192.0.2.7',
      '2001:db8::/32',
      '::/0',
      '::1',
    ]);
    expect(spec.ssh).toMatchObject({ ports: [22, 2_222], allowUsers: ['_apt', 'abe', 'zoe'] });
    expect(spec.system.ntp?.servers[0]).toBe('ntp.example.org');
    expect(spec.kernel.modules).toEqual({ load: ['zram', 'dummy'], block: ['firewire_core', 'usb-storage'] });
    expect(spec.cloudInit?.datasources).toEqual(['NoCloud', 'Ec2', 'None']);
    expect(spec.certificates).toEqual([certificates.other, certificates.root]);
  });

  it('resolve to themselves, also as a store gives them back, and to one digest in any order', () => {
    const spec = resolved(full);
    expect(resolved({ ...spec })).toEqual(spec);
    expect(resolvedSpecSchema.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
    const turned = {
      ...full,
      firewall: { ...full.firewall, allow: full.firewall.allow.toReversed() },
      certificates: full.certificates.toReversed(),
    };
    expect(specDigest(resolved(turned))).toBe(specDigest(spec));
  });

  it('are taken beside an output that boots, and of a tar', () => {
    const ofKernel = {
      firewall: {},
      sysctl: { 'vm.x': '1' },
      system: { ntp: {} },
      kernel: { modules: { load: ['a'] } },
    };
    for (const outputs of [
      [{ type: 'tar' }],
      [{ type: 'oci' }, { type: 'tar' }],
      [{ type: 'docker' }, { type: 'raw' }],
    ]) {
      expect(resolved({ ...ofKernel, outputs }).firewall).toBeDefined();
    }
    const others = { ssh: {}, updates: {}, certificates: [certificates.root], outputs: [{ type: 'oci' }] };
    expect(resolved(others).ssh).toEqual({});
  });

  it('are taken beside files, units and packages that say nothing against them', () => {
    resolved({
      ...full,
      files: ['/etc/ssh/sshd_config.d/10-own.conf', '/etc/nftables.conf.d', '/etc/sysctl.d/99-own.conf'].map(
        (path) => ({
          path,
          content: '',
        }),
      ),
      services: { enable: ['ssh', 'nftables'], mask: ['ssh.socket'] },
      packages: { install: ['openssh-server'], remove: ['nano'] },
    });
  });

  it.each([
    { content: '# Own.\n  include "/etc/ssh/sshd_config.d/*.conf"\nUseDNS no\n' },
    { base64: btoa('Include sshd_config.d/*\n') },
  ])('of ssh are taken beside a sshd_config that includes their folder: %j', (text) => {
    resolved({ ssh: {}, files: [{ path: '/etc/ssh/sshd_config', ...text }] });
  });

  it('that are wrong are told beside what other fields say of the others', () => {
    const checked = checkSpec(
      sampleSpec({ firewall: {}, ssh: { ports: ['x'] }, services: { mask: ['nftables', 'ssh'] } }),
      everything,
    );
    expect(checked.ok ? [] : checked.errors.map(({ path, code }) => `${path} ${code}`)).toEqual([
      'ssh.ports[0] spec.invalid_value',
      'services.mask[0] spec.contradiction',
    ]);
  });

  it('never repeat a private key', () => {
    const secret = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIHsecret\n-----END EC PRIVATE KEY-----\n';
    const checked = checkSpec(sampleSpec({ certificates: [secret] }), everything);
    expect(checked).toMatchObject({
      ok: false,
      errors: [{ path: 'certificates[0]', remedy: expect.stringMatching(/Replace/) }],
    });
    expect(JSON.stringify(checked)).not.toContain('secret');
  });
});

describe('a network', () => {
  it.each([
    ['10.0.0.0/8', 'ip', '10.0.0.0/8'],
    ['192.0.2.7', 'ip', '192.0.2.7/32'],
    ['0.0.0.0/0', 'ip', '0.0.0.0/0'],
    ['255.255.255.255', 'ip', '255.255.255.255/32'],
    ['::', 'ip6', '0:0:0:0:0:0:0:0/128'],
    ['2001:DB8::/32', 'ip6', '2001:db8:0:0:0:0:0:0/32'],
    ['1:2:3:4:5:6:7::', 'ip6', '1:2:3:4:5:6:7:0/128'],
    ['::8', 'ip6', '0:0:0:0:0:0:0:8/128'],
    ['1:2:3:4:5:6:7:8/127', 'ip6', '1:2:3:4:5:6:7:8/127'],
  ] as const)('%s is of %s, and its one form is %s', (text, family, form) => {
    const network = readNetwork(text);
    expect(network?.family).toBe(family);
    expect(network && networkText(network)).toBe(form);
    expect(network && readNetwork(networkText(network))).toEqual(network);
  });

  it('has its bits in the order of the text', () => {
    expect(readAddress('1.2.3.4')?.bits).toBe(0x01020304n);
    expect(readAddress('1::ffff')?.bits).toBe((1n << 112n) | 0xffffn);
  });
});

describe('a certificate', () => {
  it('is known by the digest that OpenSSL gives it, and says whether it is of an authority', () => {
    expect(readCertificate(certificates.root)).toEqual({
      pem: certificates.root,
      sha256: 'f208f49ba6237c5e04334e0556a9774b8e033c726e84530bd10eea03c1e22e33',
      authority: true,
    });
    expect(readCertificate(certificates.server)?.authority).toBe(false);
    expect(readCertificate('x')).toBeUndefined();
  });
});
