import { describe, expect, it } from 'vitest';
import { makePlan, planDigest } from '../../../core/plan/make-plan.ts';
import { certificates, configuration } from '../../../core/plan/programs/configuration.ts';
import type { SpecInput } from '../../../core/spec/schema.ts';
import { certificates as samples } from '../spec/certificate-samples.ts';
import { archive, specWith, toolchain } from './plan-fixtures.ts';

const planOf = (members: Partial<SpecInput>) => makePlan({ spec: specWith(members), archive, toolchain });
const keysOf = (members: Partial<SpecInput>) => new Map(planOf(members).steps.map(({ id, key }) => [id, key]));

const full = {
  system: { ntp: { servers: ['ntp.example.org'] } },
  kernel: { modules: { load: ['dummy'], block: ['usb-storage'] } },
  firewall: { allow: [{ port: '22' }] },
  sysctl: { 'vm.swappiness': '10' },
  ssh: { permitRootLogin: 'no' },
  certificates: [samples.root],
  cloudInit: { datasources: ['NoCloud'] },
  updates: {},
  users: [{ name: 'ops' }],
  files: [{ path: '/etc/motd', content: 'x' }],
  services: { mask: ['cron'] },
} satisfies Partial<SpecInput>;

/** Steps whose keys differ between two specs, in the order of the plan. */
function changedSteps(before: Partial<SpecInput>, after: Partial<SpecInput>): string[] {
  const old = keysOf(before);
  return [...keysOf(after)].filter(([id, key]) => old.get(id) !== key).map(([id]) => id);
}

describe('the plan of a spec with typed configuration', () => {
  it('is the golden one', () => {
    const plan = planOf(full);
    const stages = plan.stages.map(({ id, trust, steps }) => `${id} ${trust}: ${steps.join(' ')}`);
    expect({ stages, digest: planDigest(plan) }).toMatchSnapshot();
  });

  it('brings the packages that its sections need', () => {
    const packages = planOf(full).steps.find(({ id }) => id === 'packages');
    expect(packages?.options.install).toEqual([
      'ca-certificates',
      'cloud-init',
      'nftables',
      'openssh-server',
      'systemd-timesyncd',
      'unattended-upgrades',
    ]);
    const none = planOf({
      sysctl: { 'vm.x': '1' },
      updates: { unattended: 'none' },
      system: { ntp: { enabled: false } },
    });
    expect(none.steps.map(({ id }) => id)).not.toContain('packages');
  });

  it('gives each section to the step that writes it, with the units of all', () => {
    const steps = new Map(planOf(full).steps.map((step) => [step.id, step]));
    expect(configuration.options.parse(steps.get('configuration')?.options)).toEqual({
      ntp: { enabled: true, servers: ['ntp.example.org'] },
      firewall: {
        default: 'deny',
        forward: 'deny',
        allow: [{ port: '22', protocol: 'tcp', sources: [] }],
        allowPing: true,
      },
      sysctl: full.sysctl,
      ssh: full.ssh,
      cloudInit: { datasources: ['NoCloud'], network: true, preserveHostname: false },
      updates: { unattended: 'security', automaticReboot: false },
      enable: [
        'apt-daily-upgrade.timer',
        'apt-daily.timer',
        'nftables.service',
        'ssh.service',
        'systemd-timesyncd.service',
      ],
      disable: [],
    });
    expect(configuration.options.parse(steps.get('kernel-modules')?.options)).toEqual({
      modules: full.kernel.modules,
      enable: [],
      disable: [],
    });
    expect(certificates.options.parse(steps.get('certificates')?.options)).toEqual({
      certificates: [{ name: 'lbuild-f208f49ba623', content: samples.root }],
    });
    expect(steps.get('system')?.options).not.toHaveProperty('ntp');
    for (const id of ['configuration', 'kernel-modules', 'certificates', 'initramfs']) {
      expect(steps.get(id), id).toMatchObject({ trust: 'service', scope: 'tenant' });
    }
  });

  it('has a changed firewall write and pack, and nothing else run again', () => {
    const other = { ...full, firewall: { allow: [{ port: '443' }] } };
    expect(changedSteps(full, other)).toEqual(['configuration', 'files', 'services', 'module.custom', 'iso']);
  });

  it('has user files after configuration, and accounts before', () => {
    expect(changedSteps(full, { ...full, files: [{ path: '/etc/motd', content: 'y' }] })).not.toContain(
      'configuration',
    );
    expect(changedSteps(full, { ...full, users: [{ name: 'abe' }] })).not.toContain('certificates');
  });

  it('makes one initial RAM file system, after the modules that it is to know', () => {
    const made = planOf(full).steps.filter(({ program }) => program === 'initramfs');
    expect(made).toMatchObject([{ id: 'initramfs', needs: ['kernel-modules'] }]);
    const changed = changedSteps(full, { ...full, kernel: { modules: { block: ['cramfs'] } } });
    expect(changed.slice(0, 3)).toEqual(['kernel-modules', 'initramfs', 'system']);
    const withoutModules = { ...full, kernel: {} };
    expect(planOf(withoutModules).steps.find(({ id }) => id === 'initramfs')).toMatchObject({
      needs: ['kernel'],
      scope: 'shared',
    });
  });

  it('looks at it again where scripts or files may have changed it', () => {
    const late = planOf({ ...full, steps: [{ id: 'one', run: 'true' }] });
    expect(late.steps.find(({ id }) => id === 'refresh')).toMatchObject({
      trust: 'tenant',
      options: { since: 'initramfs', afterTenant: true },
    });
    const file = planOf({ ...full, files: [{ path: '/etc/modprobe.d/own.conf', content: '' }] });
    expect(file.steps.find(({ id }) => id === 'refresh')).toMatchObject({ trust: 'tenant' });
    expect(planOf(full).steps.map(({ id }) => id)).not.toContain('refresh');
  });

  it('has no step where its sections say nothing', () => {
    const empty = planOf({ kernel: { modules: {} }, certificates: [] });
    expect(empty.steps.map(({ id, key }) => [id, key])).toEqual(planOf({}).steps.map(({ id, key }) => [id, key]));
  });

  it('has the modules written where nothing boots, and no initial RAM file system', () => {
    const plan = planOf({ kernel: { modules: { load: ['dummy'] } }, outputs: [{ type: 'tar' }] });
    expect(plan.steps.map(({ id }) => id)).toEqual(['bootstrap', 'packages', 'kernel-modules', 'system', 'tar']);
  });
});
