import { describe, expect, it } from 'vitest';
import { findRelease } from '../../../core/distributions/registry.ts';
import {
  bootSets,
  type Customization,
  capabilities,
  customizations,
  isBootable,
  modes,
  type OutputOption,
  optionsOf,
  optionVerdict,
  outputOptions,
} from '../../../core/spec/capabilities.ts';
import { capabilityErrors } from '../../../core/spec/capability-check.ts';
import { capabilityDocument } from '../../../core/spec/capability-document.ts';
import { capabilityGrid, Remarks } from '../../../core/spec/capability-grid.ts';
import { capabilityView, capabilityViewSchema } from '../../../core/spec/capability-view.ts';
import { checkSpec } from '../../../core/spec/check.ts';
import { outlineSchema } from '../../../core/spec/outline.ts';
import { architectures, type OutputType, outputTypes, releaseNames } from '../../../core/spec/releases.ts';
import { specSchema } from '../../../core/spec/schema.ts';
import { sampleArchive } from './archive-samples.ts';
import { certificates } from './certificate-samples.ts';
import { everything, sampleSpec } from './sample-spec.ts';

/** What makes use of each field. */
const uses: Readonly<Record<Customization, Readonly<Record<string, unknown>>>> = {
  lock: { lock: 'a'.repeat(64) },
  archives: { archives: [sampleArchive()] },
  packages: { packages: { install: ['bash'] } },
  'system.hostname': { system: { hostname: 'edge-01' } },
  'system.timezone': { system: { timezone: 'Europe/Berlin' } },
  'system.locale': { system: { locale: 'de_DE.UTF-8' } },
  'system.keyboard': { system: { keyboard: 'de' } },
  'system.ntp': { system: { ntp: { servers: ['time.example'] } } },
  groups: { groups: [{ name: 'deploy' }] },
  users: { users: [{ name: 'ops' }] },
  rootAccount: { rootAccount: { locked: true } },
  directories: { directories: [{ path: '/srv/a' }] },
  remove: { remove: [{ path: '/usr/share/doc' }] },
  firstBoot: { firstBoot: [{ name: 'a', run: 'true' }] },
  embedSpec: { embedSpec: true },
  compliance: { compliance: { profiles: ['base'] } },
  vulnerabilities: { vulnerabilities: { onlyFixed: true } },
  'kernel.modules': { kernel: { modules: { load: ['dummy'] } } },
  firewall: { firewall: {} },
  sysctl: { sysctl: { 'vm.swappiness': '10' } },
  ssh: { ssh: {} },
  certificates: { certificates: [certificates.root] },
  cloudInit: { cloudInit: { datasources: ['NoCloud'] } },
  updates: { updates: {} },
  files: { files: [{ path: '/srv/x', content: 'x' }] },
  services: { services: { enable: ['ssh'] } },
  'kernel.package': { kernel: { package: 'linux-image-cloud-amd64' } },
  'kernel.cmdline': { kernel: { cmdline: ['quiet'] } },
  steps: { steps: [{ id: 'site', run: 'true' }] },
  tests: { tests: [{ boot: {} }] },
  'disk.efi': { disk: { efi: { sizeMiB: 128 } } },
  'disk.root': { disk: { root: { sizeMiB: 2_048 } } },
  'disk.partitions': { disk: { partitions: [{ mountPoint: '/var', sizeMiB: 512 }] } },
  'disk.swap': { disk: { swap: { sizeMiB: 512 } } },
  'disk.growth': { disk: { growth: 'first-boot' } },
  'disk.encryption': { disk: { encryption: 'luks2' } },
  'disk.volumes': { disk: { volumes: 'lvm' } },
};

const optionValues: Readonly<Record<OutputOption, unknown>> = {
  label: 'EDGE',
  sizeMiB: 1_024,
  compression: 'zstd',
  compressionLevel: 19,
  subformat: 'streamOptimized',
  cpus: 4,
  memoryMiB: 1_024,
  baseUrl: 'http://boot.example/edge',
  defaultUser: 'ops',
  name: 'team/edge',
  tag: '1.0',
  entrypoint: ['/bin/x'],
  cmd: ['x'],
  env: { A: 'b' },
  user: 'ops',
  workdir: '/srv',
  exposedPorts: ['80'],
  labels: { a: 'b' },
};

/** A value that the option of this output takes. */
function optionValue(type: OutputType, option: OutputOption): unknown {
  return type === 'vhd' && option === 'subformat' ? 'fixed' : optionValues[option];
}

const errorsOf = (spec: unknown) => {
  const checked = checkSpec(spec, everything);
  return checked.ok ? [] : checked.errors;
};
const pairs = <Name>(names: readonly Name[]) =>
  outputTypes.flatMap((type) => names.map((name) => [type, name] as const));

describe('the table of capabilities', () => {
  it.each(pairs(customizations))(
    '%s and %s: a spec is taken, or refused with the reason of the table',
    (type, name) => {
      const errors = errorsOf(sampleSpec({ outputs: [{ type }], ...uses[name] }));
      const verdict = capabilities[type].customizations[name];
      if (verdict.supported) {
        expect(errors).toEqual([]);
        return;
      }
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatchObject({ path: name, code: 'spec.unsupported_option', remedy: verdict.remedy });
      expect(errors[0]?.reason).toContain(`${type}: ${verdict.reason}`);
    },
  );

  it.each(pairs(outputOptions))(
    '%s with the option %s: a spec is taken, or refused with the reason',
    (type, option) => {
      const output = { type, [option]: optionValue(type, option) };
      const errors = errorsOf(sampleSpec({ users: [{ name: 'ops' }], outputs: [output] }));
      const verdict = optionVerdict(type, option);
      if (verdict.supported) {
        expect(errors).toEqual([]);
        return;
      }
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatchObject({
        path: `outputs[0].${option}`,
        code: 'spec.unknown_key',
        remedy: verdict.remedy,
      });
      expect(errors[0]?.reason).toContain(`no option of ${type}: ${verdict.reason}`);
    },
  );

  it.each(pairs(releaseNames))('%s of %s: each architecture is taken', (type, release) => {
    const distribution = findRelease(release)?.distribution.name;
    for (const architecture of architectures) {
      const errors = errorsOf(sampleSpec({ base: { distribution, release, architecture }, outputs: [{ type }] }));
      expect(errors).toEqual([]);
      expect(capabilities[type].architectures[architecture].supported).toBe(true);
      expect(capabilities[type].releases[release].supported).toBe(true);
    }
  });

  it.each(pairs(modes))('%s: builders make it %s', (type, mode) => {
    expect(capabilities[type].modes[mode]).toEqual({ supported: true });
  });

  it('has a cell for each field and section of the spec', () => {
    const sections = new Set<string>(customizations.map((name) => name.split('.')[0] ?? ''));
    const others = ['schemaVersion', 'name', 'base', 'outputs'];
    expect(
      Object.keys(specSchema.shape)
        .filter((name) => !others.includes(name))
        .sort(),
    ).toEqual([...sections].sort());
    const options = new Set(outputTypes.flatMap(optionsOf));
    expect([...outputOptions].sort()).toEqual([...options].sort());
  });

  it('gives an output a reason of its own where the common one is not right', () => {
    const reason = (type: OutputType, option: OutputOption) => {
      const verdict = optionVerdict(type, option);
      return verdict.supported ? '' : verdict.reason;
    };
    expect(reason('docker', 'compression')).toContain('plain tar');
    expect(reason('iso', 'compression')).toContain('fixed');
    expect(reason('wsl', 'user')).toContain('`defaultUser`');
  });

  it('says which outputs boot, and whose packages they share', () => {
    const disks = ['raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'ova'] as const;
    expect(outputTypes.filter(isBootable)).toEqual(['iso', ...disks, 'netboot']);
    for (const type of disks) expect(bootSets([type, 'tar'])).toEqual(['raw']);
    expect(bootSets(['netboot', 'tar', 'raw', 'iso'])).toEqual(['iso', 'raw']);
    expect(bootSets(['netboot'])).toEqual(bootSets(['iso']));
    expect(bootSets(['tar', 'oci', 'docker', 'wsl'])).toEqual([]);
  });
});

describe('a field that is said in vain', () => {
  const kernel = { cmdline: ['quiet'] };

  it('is refused only where no output makes anything of it, and every output is named', () => {
    const spec = (...types: readonly OutputType[]) => sampleSpec({ kernel, outputs: types.map((type) => ({ type })) });
    expect(errorsOf(spec('oci', 'iso', 'tar'))).toEqual([]);
    const [error] = errorsOf(spec('oci', 'docker', 'tar', 'wsl'));
    expect(error?.path).toBe('kernel.cmdline');
    expect(error?.reason).toMatch(/oci and docker: a container.*; tar: it boots nothing.*; wsl: WSL/);
    expect(error?.remedy).toContain(' Or: ');
  });

  it.each([
    ['nothing', {}],
    ['empty lists', { cmdline: [] }],
    ['the kernel that is meant anyway', { package: 'linux-image-amd64', cmdline: [] }],
  ])('is not: %s', (_what, given) => {
    expect(errorsOf(sampleSpec({ kernel: given, outputs: [{ type: 'oci' }] }))).toEqual([]);
  });

  it('is the kernel of another architecture', () => {
    const base = { release: 'trixie', architecture: 'arm64' };
    const spec = (name: string) => sampleSpec({ base, kernel: { package: name }, outputs: [{ type: 'oci' }] });
    expect(errorsOf(spec('linux-image-arm64'))).toEqual([]);
    expect(errorsOf(spec('linux-image-amd64')).map(({ path }) => path)).toEqual(['kernel.package']);
  });

  it('is not looked for beside an output that nobody knows, nor in what is no spec', () => {
    const spec = sampleSpec({ kernel, outputs: [{ type: 'oci' }, { type: 'floppy' }] });
    expect(errorsOf(spec).map(({ path }) => path)).toEqual(['outputs[1].type']);
    expect(capabilityErrors(null, outlineSchema.parse({}))).toEqual([]);
  });

  it('are kernel arguments where the spec writes the menu of the disk itself', () => {
    const files = [
      { path: '/srv/x', content: '' },
      { path: '/boot/grub/grub.cfg', content: 'menuentry x {}\n' },
    ];
    expect(errorsOf(sampleSpec({ files, outputs: [{ type: 'raw' }] }))).toEqual([]);
    expect(errorsOf(sampleSpec({ files, kernel, outputs: [{ type: 'raw' }, { type: 'iso' }] }))).toEqual([]);
    const [error, ...more] = errorsOf(sampleSpec({ files, kernel, outputs: [{ type: 'raw' }] }));
    expect(more).toEqual([]);
    expect(error).toMatchObject({ path: 'kernel.cmdline', code: 'spec.unsupported_option' });
    expect(error?.reason).toContain('files[1] is /boot/grub/grub.cfg');
  });

  it('is the default user where the spec writes the settings of WSL itself', () => {
    const files = [{ path: '/etc/wsl.conf', content: '[user]\ndefault=ops\n' }];
    const users = [{ name: 'ops' }];
    expect(errorsOf(sampleSpec({ files, users, outputs: [{ type: 'wsl' }] }))).toEqual([]);
    const spec = sampleSpec({ files, users, outputs: [{ type: 'tar' }, { type: 'wsl', defaultUser: 'ops' }] });
    expect(errorsOf(spec)).toMatchObject([{ path: 'outputs[1].defaultUser', code: 'spec.unsupported_option' }]);
  });

  it('is an output that the table has not for the release or the architecture', () => {
    const never = { supported: false, reason: 'nobody makes it', remedy: 'Choose another.' } as const;
    const { raw } = capabilities;
    const errorsWith = (row: Partial<typeof raw>) => {
      const spec = sampleSpec({ outputs: [{ type: 'iso' }, { type: 'raw' }] });
      return capabilityErrors(spec, outlineSchema.parse(spec), { ...capabilities, raw: { ...raw, ...row } });
    };
    const refused = { path: 'outputs[1].type', code: 'spec.unsupported_output', remedy: never.remedy };
    const forAmd64 = errorsWith({ architectures: { ...raw.architectures, amd64: never } });
    expect(forAmd64).toEqual([{ ...refused, reason: 'raw cannot be made for amd64: nobody makes it' }]);
    const ofTrixie = errorsWith({ releases: { ...raw.releases, trixie: never } });
    expect(ofTrixie).toEqual([{ ...refused, reason: 'raw cannot be made for trixie: nobody makes it' }]);
    expect(errorsWith({ architectures: { ...raw.architectures, arm64: never } })).toEqual([]);
  });
});

describe('what is shown of the table', () => {
  it('is what the installation has of it', () => {
    const view = capabilityViewSchema.parse(capabilityView({ architectures: ['amd64'], outputs: ['iso', 'wsl'] }));
    expect(view.architectures).toMatchObject([
      { name: 'amd64', supported: true },
      { name: 'arm64', supported: false, remedy: 'Ask the operator for a builder of arm64.' },
    ]);
    expect(view.outputs.filter(({ available }) => available).map(({ type }) => type)).toEqual(['iso', 'wsl']);
    expect(view.outputs.map(({ type }) => type)).toEqual([...outputTypes]);
    for (const output of view.outputs) {
      expect(output.summary, output.type).not.toBe('');
      expect(output.customizations.map(({ name }) => name)).toEqual([...customizations]);
      expect(output.options.map(({ name }) => name).sort()).toEqual([...outputOptions].sort());
      for (const cell of [...output.options, ...output.customizations]) {
        expect(cell.supported ? [] : [cell.reason, cell.remedy], cell.name).not.toContain('');
        expect(cell.supported === (cell.reason === undefined), cell.name).toBe(true);
      }
    }
    for (const { name, summary } of view.customizations) expect(summary, name).not.toBe('');
  });

  it('names each remark once', () => {
    const { outputs } = capabilityView(everything);
    const remarks = new Remarks();
    const { header, rows } = capabilityGrid(outputs, 'customizations', remarks);
    expect(header).toEqual(['', ...outputTypes]);
    const cmdline = rows.find(([name]) => name === 'kernel.cmdline') ?? [];
    expect(cmdline[header.indexOf('iso')]).toBe('yes');
    expect(cmdline[header.indexOf('oci')]).toMatch(/^no \[\d+\]$/);
    expect(cmdline[header.indexOf('oci')]).toBe(cmdline[header.indexOf('docker')]);
    expect(new Set(remarks.texts).size).toBe(remarks.texts.length);
  });

  it('has every cell in the document', () => {
    const text = capabilityDocument();
    for (const name of [...customizations, ...outputOptions, ...architectures, ...releaseNames, ...modes]) {
      expect(text).toContain(`| \`${name}\` |`);
    }
    const { 'kernel.cmdline': verdict } = capabilities.wsl.customizations;
    expect(text).toContain(verdict.supported ? 'never' : verdict.reason);
  });
});
