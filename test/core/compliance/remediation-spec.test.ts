import { describe, expect, it } from 'vitest';
import { checkIds } from '../../../core/compliance/checks.ts';
import { profileIds } from '../../../core/compliance/profile.ts';
import { expandSpec } from '../../../core/plan/expand.ts';
import { checkSpec } from '../../../core/spec/check.ts';

const base = { distribution: 'debian', release: 'trixie', architecture: 'amd64' };
const compliance = { profiles: [...profileIds], remediate: true };
const check = (over: object) =>
  checkSpec(
    { schemaVersion: 1, name: 'x', base, outputs: [{ type: 'raw' }], compliance, ...over },
    { architectures: ['amd64'], outputs: ['iso', 'raw', 'oci', 'tar'] },
  );
const resolved = (over: object) => {
  const checked = check(over);
  if (!checked.ok) throw new Error(JSON.stringify(checked.errors));
  return checked.spec;
};
const stepOf = (over: object) => expandSpec(resolved(over)).find(({ id }) => id === 'remediate');

describe('a spec that asks for remediation', () => {
  it.each([
    ['rootAccount.passwordHash', { rootAccount: { passwordHash: `$6$salt$${'x'.repeat(86)}` } }, 'root-locked'],
    ['ssh.permitRootLogin', { ssh: { permitRootLogin: 'yes' } }, 'ssh-root-login'],
    ['ssh.passwordAuthentication', { ssh: { passwordAuthentication: true } }, 'ssh-key-only'],
    ['sysctl["net.ipv4.ip_forward"]', { sysctl: { 'net.ipv4.ip_forward': '1' } }, 'forwarding-off'],
    ['kernel.modules.load[0]', { kernel: { modules: { load: ['usb_storage'] } } }, 'usb-storage-blocked'],
    ['kernel.cmdline[1]', { kernel: { cmdline: ['quiet', 'apparmor=0'] } }, 'apparmor'],
    ['kernel.cmdline[0]', { kernel: { cmdline: ['audit=0'] } }, 'auditd'],
    ['services.mask[0]', { services: { mask: ['auditd'] } }, 'auditd'],
    ['firewall.forward', { firewall: { forward: 'accept' } }, 'firewall-default-drop'],
    [
      'disk.partitions[0].options',
      { disk: { partitions: [{ mountPoint: '/tmp', share: 10, options: ['nodev'] }] } },
      'temporary-folder',
    ],
    ['files[0].mode', { files: [{ path: '/srv/x', content: '', mode: '0666' }] }, 'no-world-writable'],
    ['directories[0].mode', { directories: [{ path: '/srv/x', mode: '0777' }] }, 'no-world-writable'],
    ['system.ntp.enabled', { system: { ntp: { enabled: false } } }, 'time-synchronised'],
    ['updates.unattended', { updates: { unattended: 'none' } }, 'security-updates'],
    ['packages.install[0]', { packages: { install: ['telnetd'] } }, 'no-legacy-services'],
  ])('is refused at %s where that says the opposite, unless the check is waived', (path, over, id) => {
    const checked = check(over);
    expect(checked).toMatchObject({ ok: false });
    if (checked.ok) return;
    const found = checked.errors.find((error) => error.path === path);
    expect(found).toMatchObject({ code: 'spec.contradiction', reason: expect.stringContaining(id) });
    expect(found?.remedy).toMatch(/waive the check/);
    const waivers = checkIds
      .filter((one) => one === id || (id === 'firewall-default-drop' && one === 'firewall-ports'))
      .map((one) => ({ check: one, reason: 'It is borne for now.', owner: 'ops@example.org', expires: '2027-03-31' }));
    expect(check({ ...over, compliance: { ...compliance, waivers } })).toMatchObject({ ok: true });
  });

  it('is refused where it does not bear what is added', () => {
    const checked = check({ files: [{ path: '/etc/nftables.conf', content: 'flush ruleset\n' }] });
    expect(checked).toMatchObject({
      ok: false,
      errors: [{ path: 'files[0].path', reason: expect.stringContaining('compliance.remediate') }],
    });
  });

  it('has its open places filled, and resolves to itself', () => {
    const spec = resolved({
      ssh: { ports: [2222] },
      packages: { install: ['nginx'] },
      tests: [{ port: 8080 }],
      kernel: { cmdline: ['quiet'] },
    });
    expect(spec).toMatchObject({
      ssh: { permitRootLogin: 'no', passwordAuthentication: false },
      firewall: { default: 'deny', forward: 'deny', allow: [{ port: '2222' }, { port: '80' }, { port: '8080' }] },
      updates: { unattended: 'security' },
      kernel: { cmdline: ['quiet', 'audit=1'], modules: { block: ['usb-storage'] } },
      sysctl: { 'kernel.kptr_restrict': '2' },
      system: { ntp: { enabled: true } },
    });
    expect(spec.packages.install).toEqual(expect.arrayContaining(['aide', 'apparmor', 'auditd', 'nginx']));
    expect(resolved(spec)).toEqual(spec);
  });

  it('keeps what it says itself', () => {
    const spec = resolved({
      firewall: { allow: [{ port: '443' }] },
      sysctl: { 'kernel.kptr_restrict': '1' },
      system: { ntp: { servers: ['ntp.example.org'] } },
      updates: { unattended: 'all' },
    });
    expect(spec).toMatchObject({
      firewall: { allow: [{ port: '443' }] },
      sysctl: { 'kernel.kptr_restrict': '1' },
      system: { ntp: { servers: ['ntp.example.org'] } },
      updates: { unattended: 'all' },
    });
  });

  it('is not changed for a running system where every output is a container', () => {
    const spec = resolved({ outputs: [{ type: 'oci' }] });
    expect(spec).not.toHaveProperty('sysctl');
    expect(spec).not.toHaveProperty('firewall');
    expect(spec.packages.install).toEqual(['libpam-pwquality', 'openssl']);
    const kinds = JSON.stringify(stepOf({ outputs: [{ type: 'oci' }] })?.options);
    expect(kinds).toContain('/etc/login.defs');
    expect(kinds).not.toContain('journald');
  });

  it('is the same as ever without it', () => {
    const plain = resolved({ compliance: { profiles: [...profileIds], remediate: false } });
    expect(plain).toEqual(resolved({ compliance: { profiles: [...profileIds] } }));
    expect(plain.compliance).not.toHaveProperty('remediate');
    expect(expandSpec(plain).map(({ id }) => id)).not.toContain('remediate');
  });
});

describe('the step', () => {
  it('comes after the spec’s own, as the tenant’s, and is in the image', () => {
    const steps = [
      { id: 'one', run: 'true', needs: [] },
      { id: 'two', run: 'true', needs: [] },
    ];
    const drafts = expandSpec(resolved({ steps }));
    const step = drafts.find(({ id }) => id === 'remediate');
    expect(step).toMatchObject({ program: 'remediate', trust: 'tenant', scope: 'tenant', needs: ['one', 'two'] });
    expect(drafts.find(({ id }) => id === 'inspect')?.needs).toEqual(['remediate', 'refresh']);
    expect(drafts.find(({ id }) => id === 'raw')?.needs).toEqual(['remediate', 'refresh']);
  });

  it('is the engine’s own where no script runs, and says what it is for', () => {
    const step = stepOf({});
    expect(step?.trust).toBe('service');
    expect(step?.label).toMatch(/ssh-cryptography/);
    expect(step?.label).toMatch(/without a remedy are .*disk-encryption/);
  });

  it('is no step where nothing of the tree is to be changed', () => {
    const waivers = checkIds
      .filter((id) => id !== 'security-updates')
      .map((id) => ({ check: id, reason: 'It is borne for now.', owner: 'ops@example.org', expires: '2027-03-31' }));
    expect(stepOf({ compliance: { ...compliance, waivers } })).toBeUndefined();
  });
});
