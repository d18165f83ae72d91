import type { z } from 'zod';
import { dividedDisk, withoutDisk } from './disk-capabilities.ts';
import { outputSchema } from './outputs.ts';
import type { Architecture, OutputType, ReleaseName } from './releases.ts';
import type { SpecInput } from './schema.ts';
import { no, noted, type Verdict, yes } from './verdict.ts';

/** How a builder runs: with a container's rights, or with those of a machine's root. The same bytes come out. */
export const modes = ['contained', 'privileged'] as const;
export type Mode = (typeof modes)[number];

type Section = Exclude<keyof SpecInput, 'schemaVersion' | 'name' | 'base' | 'outputs'>;
type FieldsOf<Name extends Section> = Name extends Section
  ? `${Name}.${keyof NonNullable<SpecInput[Name]> & string}`
  : never;
/** What a spec says of the image itself: its sections, of three of them each field. A new section is one at once. */
export type Customization = Exclude<Section, 'system' | 'kernel' | 'disk'> | FieldsOf<'system' | 'kernel' | 'disk'>;

type OptionsOf<Output> = Output extends unknown ? Exclude<keyof Output, 'type'> : never;
/** A field of some output. */
export type OutputOption = OptionsOf<z.input<typeof outputSchema>>;

export interface OutputCapabilities {
  /** Whose boot packages it needs, and with them a kernel; undefined: it boots nothing. */
  readonly boot: 'iso' | 'raw' | undefined;
  readonly customizations: Readonly<Record<Customization, Verdict>>;
  readonly architectures: Readonly<Record<Architecture, Verdict>>;
  readonly releases: Readonly<Record<ReleaseName, Verdict>>;
  readonly modes: Readonly<Record<Mode, Verdict>>;
  /** Files that take a field's place: where the spec writes one, the output makes nothing of the field. */
  readonly overrides: readonly { readonly file: string; readonly field: Customization | OutputOption }[];
}

const testable = 'Remove them, or add an output that is booted for tests: iso, raw or qcow2.';
const tested = noted('Booted in QEMU, from the very file that is published, which is not written to.');

/** What is done in the tree is in every output. */
const inTree: Record<Customization, Verdict> = {
  lock: yes,
  archives: yes,
  packages: yes,
  'system.hostname': yes,
  'system.timezone': yes,
  'system.locale': yes,
  'system.keyboard': yes,
  'system.ntp': yes,
  groups: yes,
  users: yes,
  rootAccount: yes,
  directories: yes,
  files: yes,
  remove: yes,
  services: yes,
  firstBoot: yes,
  'kernel.package': yes,
  'kernel.cmdline': yes,
  'kernel.modules': yes,
  firewall: yes,
  sysctl: yes,
  ssh: yes,
  certificates: yes,
  cloudInit: yes,
  updates: yes,
  steps: yes,
  embedSpec: yes,
  compliance: yes,
  vulnerabilities: yes,
  tests: no('it starts no machine', testable),
  ...withoutDisk,
};

const rolling = noted(
  'Its archive changes several times a day: a build that was planned before a change may end with `archive.changed` or `archive.gone`.',
);

const bootedVirtual = noted(
  'Booted with linux-image-virtual; the usual kernel brings the firmware of all hardware beside it.',
);
const untested = noted(
  'Takes no `tests`: its systemd is too old for their shell. Not booted by the project’s own tests.',
);

const everywhere = {
  architectures: { amd64: yes, arm64: yes },
  releases: { bookworm: yes, trixie: yes, sid: rolling, jammy: yes, noble: yes },
  modes: { contained: yes, privileged: yes },
  overrides: [],
} as const;

const bootable = {
  ...everywhere,
  releases: { ...everywhere.releases, jammy: untested, noble: bootedVirtual },
  architectures: { amd64: noted('Boots with BIOS and UEFI.'), arm64: noted('Boots with UEFI alone.') },
  customizations: inTree,
} as const;

/** Live systems: the tree is read only, and what runs writes to memory. */
const live: OutputCapabilities = {
  ...bootable,
  boot: 'iso',
  customizations: {
    ...inTree,
    firstBoot: noted('Run at each start: what a live system writes is in memory.'),
    steps: noted('Access control lists that they give to files are not in it: squashfs has none.'),
    tests: tested,
  },
};

/** Disks: the menu that the boot loader takes is a file of the tree. */
const disk: OutputCapabilities = {
  ...bootable,
  boot: 'raw',
  customizations: { ...inTree, ...dividedDisk, tests: tested },
  overrides: [{ file: '/boot/grub/grub.cfg', field: 'kernel.cmdline' }],
};

/** Forms of that disk which are made for other machines than QEMU's. */
const foreignDisk: OutputCapabilities = {
  ...disk,
  customizations: {
    ...disk.customizations,
    tests: no('it is made for other machines than that of the tests', testable),
  },
};

const boots = 'add an output that boots';

const archive: OutputCapabilities = {
  ...everywhere,
  boot: undefined,
  customizations: {
    ...inTree,
    'kernel.package': no(
      'it holds the tree alone, for which no kernel is installed',
      `Remove it, ${boots}, or name the kernel in packages.install.`,
    ),
    'kernel.cmdline': no('it boots nothing that could be given arguments', `Remove it, or ${boots}.`),
  },
};

const hostKernel = no('a container runs on the kernel of its host', `Remove it, or ${boots}.`);
const hostSetting = no(
  'a container runs on the kernel of its host, which sets this for all containers',
  `Set it on the host and remove it here, or ${boots}.`,
);
const withSystemd = noted('Runs where systemd is what the container starts.');

const container: OutputCapabilities = {
  ...everywhere,
  boot: undefined,
  customizations: {
    ...inTree,
    'system.hostname': noted('Stands in /etc/hostname, over which a runtime puts the name of each container.'),
    'system.keyboard': noted('Stands in the tree; a container has no console of its own.'),
    services: noted('Are enabled in the tree; they run where systemd is what the container starts.'),
    firstBoot: withSystemd,
    ssh: withSystemd,
    cloudInit: withSystemd,
    updates: withSystemd,
    'kernel.package': hostKernel,
    'kernel.cmdline': hostKernel,
    'kernel.modules': hostSetting,
    'system.ntp': hostSetting,
    firewall: hostSetting,
    sysctl: hostSetting,
  },
};

const ofInit = noted('Runs where the image has systemd as /sbin/init (package systemd-sysv).');

const wsl: OutputCapabilities = {
  ...everywhere,
  boot: undefined,
  customizations: {
    ...inTree,
    'system.hostname': noted('Stands in /etc/wsl.conf too, where WSL reads it.'),
    'system.keyboard': noted('Stands in the tree; the keyboard is that of Windows.'),
    // systemd-timesyncd starts in no container, and WSL is one to systemd.
    'system.ntp': no('WSL has the time of Windows', `Remove it, or ${boots}.`),
    services: noted('Run where the image has systemd as /sbin/init (package systemd-sysv).'),
    firstBoot: ofInit,
    ssh: ofInit,
    cloudInit: ofInit,
    updates: ofInit,
    'kernel.package': no('WSL starts a kernel of its own', `Remove it, or ${boots}.`),
    'kernel.cmdline': no('WSL starts a kernel of its own', 'Remove it: on Windows, .wslconfig names kernel arguments.'),
    'kernel.modules': no('WSL starts a kernel of its own', `Remove it, or ${boots}.`),
    sysctl: noted('Is set where the image has systemd, of the kernel that all distributions of WSL share.'),
    firewall: noted('Is set where the image has systemd, of the network that all distributions of WSL share.'),
  },
  overrides: [{ file: '/etc/wsl.conf', field: 'defaultUser' }],
};

/**
 * What each output can do: the one table that the check of specs, the planner, the API's answer, `lbuild capabilities`
 * and docs/capabilities.md are made from. Options are the fields of the output's schema.
 */
export const capabilities: Readonly<Record<OutputType, OutputCapabilities>> = {
  iso: live,
  raw: disk,
  tar: archive,
  oci: container,
  docker: container,
  qcow2: disk,
  vmdk: foreignDisk,
  vhd: foreignDisk,
  vhdx: foreignDisk,
  ova: foreignDisk,
  netboot: {
    ...live,
    customizations: { ...live.customizations, tests: no('no machine of the tests starts from the network', testable) },
  },
  wsl,
};

/** Why outputs that have not an option have it not; a word of its own where the reason is another. */
const withoutOption: Readonly<Record<OutputOption, { readonly reason: string } & Partial<Record<OutputType, string>>>> =
  {
    label: { reason: 'it is no volume and holds no file system that would have a label' },
    sizeMiB: { reason: 'it is as large as what it holds' },
    compression: {
      reason: 'its compression is fixed',
      raw: 'its parts lie on the disk as they are',
      vmdk: '`subformat` chooses whether it is compressed',
      vhd: 'its form knows no compression',
      vhdx: 'its form knows no compression',
      docker: 'its layers are plain tar',
    },
    compressionLevel: { reason: 'its level of compression is fixed', raw: 'its parts lie on the disk as they are' },
    subformat: { reason: 'its form has no variants' },
    cpus: { reason: 'it describes no machine' },
    memoryMiB: { reason: 'it describes no machine' },
    baseUrl: { reason: 'what starts it fetches nothing from the network' },
    defaultUser: {
      reason: 'it has no user that would be logged in by itself',
      oci: 'it calls it `user`',
      docker: 'it calls it `user`',
    },
    name: { reason: 'only a container image has a name of its own; the file is named after the spec' },
    tag: { reason: 'only a container image has a tag' },
    entrypoint: { reason: 'it starts no command of a container' },
    cmd: { reason: 'it starts no command of a container' },
    env: { reason: 'it starts no command of a container' },
    user: { reason: 'it starts no command of a container', wsl: 'it calls it `defaultUser`' },
    workdir: { reason: 'it starts no command of a container' },
    exposedPorts: { reason: 'only a container image says which ports it listens on' },
    labels: { reason: 'only a container image has labels' },
  };

const isOption = (name: string): name is OutputOption => Object.hasOwn(withoutOption, name);

/** Every option of some output. */
export const outputOptions: readonly OutputOption[] = Object.keys(withoutOption).filter(isOption);

/** Every customization. */
export const customizations: readonly Customization[] = Object.keys(inTree).filter((name): name is Customization =>
  Object.hasOwn(inTree, name),
);

const optionsByType: ReadonlyMap<string, readonly OutputOption[]> = new Map(
  outputSchema.options.map(({ shape }) => [shape.type.value, Object.keys(shape).filter(isOption)]),
);

/** The options that an output has, in the order of its schema. */
export function optionsOf(type: OutputType): readonly OutputOption[] {
  return optionsByType.get(type) ?? [];
}

/** Whether an output has an option; where not, why, and which outputs have it. */
export function optionVerdict(type: OutputType, option: OutputOption): Verdict {
  if (optionsOf(type).includes(option)) return yes;
  const owners = [...optionsByType].filter(([, options]) => options.includes(option)).map(([owner]) => owner);
  const { [type]: own, reason } = withoutOption[option];
  return no(own ?? reason, `Remove it: it is an option of ${owners.join(' and ')}.`);
}

/** As `optionVerdict`, of any names: undefined where no output has such an option, or the type is none. */
export function namedOptionVerdict(type: unknown, option: string): Verdict | undefined {
  return typeof type === 'string' && isOutput(type) && isOption(option) ? optionVerdict(type, option) : undefined;
}

function isOutput(type: string): type is OutputType {
  return Object.hasOwn(capabilities, type);
}

/** Whether an output boots: then the image holds a kernel and what boots it. */
export function isBootable(type: OutputType): boolean {
  return capabilities[type].boot !== undefined;
}

/** What the image must hold to boot as the outputs do, by the kernel step's words, sorted: equal lists share its layer. */
export function bootSets(types: readonly OutputType[]): ('iso' | 'raw')[] {
  return [...new Set(types.flatMap((type) => capabilities[type].boot ?? []))].sort();
}

/** The outputs that tests boot. */
export const testedOutputs = ['iso', 'raw', 'qcow2'] as const satisfies readonly OutputType[];
export type TestedOutput = (typeof testedOutputs)[number];
