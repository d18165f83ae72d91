import type { TrustClass } from '../builds/manifest.ts';
import type { JsonObject } from '../digest.ts';
import { toJsonObject } from '../json.ts';
import { bootSets } from '../spec/capabilities.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { type ProgramName, programs } from './programs/catalogue.ts';
import { bringsHooks, mayChangeInitramfs } from './programs/initramfs-inputs.ts';

/** A step before its key is known. */
export interface StepDraft {
  readonly id: string;
  readonly program: ProgramName;
  readonly trust: TrustClass;
  readonly scope: 'shared' | 'tenant';
  readonly options: JsonObject;
  readonly needs: readonly string[];
  readonly label: string;
  readonly timeoutSeconds: number;
}

/** Packages that a spec asks for without naming them. */
function impliedPackages(spec: ResolvedSpec): string[] {
  const implied: string[] = [];
  // C.UTF-8 and POSIX are part of libc-bin; any other locale is generated from the sources in `locales`.
  if (!/^(C|POSIX|C\.UTF-8)$/.test(spec.system.locale)) implied.push('locales');
  if (!/^(UTC|Etc\/UTC)$/.test(spec.system.timezone)) implied.push('tzdata');
  if (spec.system.keyboard !== 'us') implied.push('console-setup', 'keyboard-configuration');
  // The group is of the minimal system, but means nothing without the command.
  if (spec.users.some((user) => user.groups.includes('sudo'))) implied.push('sudo');
  return implied;
}

/** Steps as they are added, each by default after the one before. */
class Chain {
  readonly drafts: StepDraft[] = [];
  /** The steps that the next one is built on. */
  tips: readonly string[] = [];

  /** Adds a step of a program and makes it the tip. */
  add(
    program: ProgramName,
    options: object,
    settings: Partial<Pick<StepDraft, 'id' | 'scope' | 'trust' | 'needs' | 'label' | 'timeoutSeconds'>> = {},
  ): string {
    const id = this.beside(program, options, settings);
    this.tips = [id];
    return id;
  }

  /** Adds a step and leaves the tips as they are. */
  beside(program: ProgramName, options: object, settings: Parameters<Chain['add']>[2] = {}): string {
    const declaration = programs[program];
    const draft: StepDraft = {
      id: program,
      program,
      trust: declaration.trust,
      scope: 'tenant',
      options: toJsonObject(options),
      needs: this.tips,
      label: declaration.summary,
      timeoutSeconds: declaration.timeoutSeconds,
      ...settings,
    };
    this.drafts.push(draft);
    return draft.id;
  }
}

/**
 * The steps of a spec in topological order. The boot packages come first and the user's packages after them, so that
 * another package of the user's installs these only. The initial RAM file system is a branch beside the user's
 * packages: made once of the boot packages, and again by `refresh` where something that it reads has changed since; only
 * after the user's packages where one of these is known to bring hooks.
 * The declarative customisations are one chain; user steps follow all of it by their `needs` ([] = only the
 * declarative base); exports need every user step that no other needs.
 *
 * Trust: the declarative steps edit the tree as data, so they are `service` although `files` carries tenant bytes.
 * Scope: only what holds no byte of a tenant may be shared. `refresh` runs code of the tree: where tenant code or
 * files that it reads may have touched the tree it comes last and is `tenant`, else it belongs to the shared base.
 */
export function expandSpec(spec: ResolvedSpec): StepDraft[] {
  const chain = new Chain();
  // What does not boot needs no package of its own, so it changes nothing below it.
  const outputs = bootSets(spec.outputs.map((output) => output.type));
  const boots = outputs.length > 0;
  const shared = { scope: 'shared' } as const;
  const late = spec.steps.length > 0 || spec.files.some((file) => mayChangeInitramfs(file.path));

  chain.add('bootstrap', spec.base, shared);
  const wanted = {
    install: [...new Set([...spec.packages.install, ...impliedPackages(spec)])].sort(),
    remove: [...spec.packages.remove].sort(),
    recommends: spec.packages.recommends,
  };
  const changesPackages = wanted.install.length + wanted.remove.length > 0;
  const hooks = [...wanted.install, ...wanted.remove].some(bringsHooks);
  const makeInitramfs = () => chain.beside('initramfs', { afterTenant: false }, shared);
  let initramfs: string | undefined;
  if (boots) {
    const bootSet = { install: [], remove: [], recommends: wanted.recommends, kernel: spec.kernel.package, outputs };
    chain.add('packages', bootSet, { id: 'kernel', label: 'Installs the kernel and what boots it', ...shared });
    if (!hooks) initramfs = makeInitramfs();
  }
  if (changesPackages || !boots) chain.add('packages', { ...wanted, outputs: [] }, shared);
  if (boots && hooks) initramfs = makeInitramfs();
  const shareable = layersOf(chain.drafts);
  if (initramfs !== undefined && changesPackages && !hooks && !late) {
    initramfs = refresh(chain, initramfs, chain.tips, false);
  }
  const booting = initramfs === undefined ? [] : [initramfs];

  chain.add('system', spec.system);
  if (spec.groups.length > 0) chain.add('groups', { groups: spec.groups });
  if (spec.users.length > 0) chain.add('users', { users: spec.users });
  if (spec.files.length > 0) chain.add('files', { files: spec.files });
  const services = spec.services;
  if (services.enable.length + services.disable.length + services.mask.length > 0) chain.add('services', services);
  const declared = layersOf(chain.drafts);

  let tips = [...chain.tips, ...booting];
  const needed = new Set(spec.steps.flatMap((step) => step.needs));
  for (const step of spec.steps) {
    chain.beside(
      'script',
      { run: step.run, network: step.network, timeoutSeconds: step.timeoutSeconds },
      {
        id: step.id,
        needs: step.needs.length > 0 ? step.needs : tips,
        label: `Runs the step ${step.id}`,
        // The program ends the script by itself; this is the bound on everything around it.
        timeoutSeconds: step.timeoutSeconds + 60,
      },
    );
  }
  const leaves = spec.steps.map((step) => step.id).filter((id) => !needed.has(id));
  if (leaves.length > 0) tips = leaves;
  // A container boots no kernel: its image has an initial RAM file system only where a user step is built on one.
  const unbooted = leaves.length > 0 ? leaves : chain.tips;
  if (initramfs !== undefined && late) tips = [...tips, refresh(chain, initramfs, tips, true)];

  const layers = layersOf(chain.drafts);
  const modules = spec.outputs.some(({ type }) => type === 'iso')
    ? [
        ...shareable.map((id) => moduleOf(chain, id, [id], 'shared')),
        ...moduleOfMany(chain, 'custom', without(declared, shareable)),
        ...moduleOfMany(chain, 'steps', without(layers, declared)),
      ]
    : [];
  for (const output of spec.outputs) exportStep(chain, spec, output, { tips, unbooted, modules, layers });
  return sortByNeeds(chain.drafts);
}

/** Adds the step that makes the initial RAM file system again where it must be; answers its id. */
function refresh(chain: Chain, since: string, tips: readonly string[], afterTenant: boolean): string {
  return chain.beside(
    'initramfs',
    { afterTenant, since },
    {
      id: 'refresh',
      label: 'Makes the initial RAM file system again where something that it reads has changed',
      scope: afterTenant ? 'tenant' : 'shared',
      trust: afterTenant ? 'tenant' : 'service',
      needs: [...new Set([...tips, since])],
    },
  );
}

function exportStep(
  chain: Chain,
  spec: ResolvedSpec,
  output: ResolvedSpec['outputs'][number],
  below: {
    /** The tree with all that boots it. */
    readonly tips: readonly string[];
    /** The tree alone. */
    readonly unbooted: readonly string[];
    readonly modules: readonly string[];
    /** All layers, lowest first. */
    readonly layers: readonly string[];
  },
): void {
  const { tips, unbooted, modules, layers } = below;
  const fileName = artifactName(spec.name, output.type);
  switch (output.type) {
    case 'iso': {
      const { hostname } = spec.system;
      const options = { fileName, modules, label: output.label, cmdline: spec.kernel.cmdline, hostname };
      chain.beside('iso', options, { needs: modules });
      break;
    }
    case 'raw': {
      const { label, sizeMiB } = output;
      const { hostname } = spec.system;
      const options = {
        fileName,
        label,
        cmdline: spec.kernel.cmdline,
        hostname,
        ...(sizeMiB === undefined ? {} : { sizeMiB }),
      };
      chain.beside('raw', options, { needs: tips });
      break;
    }
    case 'tar':
      chain.beside('tar', { fileName }, { needs: tips });
      break;
    case 'oci':
    case 'docker': {
      const { type, ...image } = output;
      chain.beside(type, { fileName, layers: layersBelow(chain.drafts, unbooted), ...image }, { needs: unbooted });
      break;
    }
    case 'netboot': {
      const { baseUrl, compressionLevel: level } = output;
      // What starts from the network fetches one file: a module of the whole tree.
      const whole = moduleOf(chain, 'whole', layers, 'tenant', level === undefined ? {} : { level });
      const options = {
        fileName,
        module: whole,
        cmdline: spec.kernel.cmdline,
        ...(baseUrl === undefined ? {} : { baseUrl }),
      };
      chain.beside('netboot', options, { needs: [whole] });
      break;
    }
    case 'wsl': {
      const defaultUser = output.defaultUser ?? spec.users[0]?.name;
      const options = { fileName, name: spec.name, hostname: spec.system.hostname };
      chain.beside('wsl', { ...options, ...(defaultUser === undefined ? {} : { defaultUser }) }, { needs: unbooted });
      break;
    }
  }
}

/** Name of the file that an output makes. */
export function artifactName(name: string, type: ResolvedSpec['outputs'][number]['type']): string {
  const endings = {
    iso: 'iso',
    raw: 'img',
    tar: 'tar.zst',
    oci: 'oci.tar',
    docker: 'docker.tar',
    netboot: 'netboot.tar',
    wsl: 'wsl',
  } as const;
  return `${name}.${endings[type]}`;
}

function layersOf(drafts: readonly StepDraft[]): string[] {
  return drafts.filter((draft) => programs[draft.program].produces === 'layer').map((draft) => draft.id);
}

/** The steps whose layers make up a tree, lowest first. */
function layersBelow(drafts: readonly StepDraft[], tips: readonly string[]): string[] {
  const sorted = sortByNeeds(drafts);
  const below = new Set(tips);
  for (const draft of sorted.toReversed()) if (below.has(draft.id)) for (const need of draft.needs) below.add(need);
  return layersOf(sorted).filter((id) => below.has(id));
}

function without(ids: readonly string[], others: readonly string[]): string[] {
  return ids.filter((id) => !others.includes(id));
}

function moduleOf(
  chain: Chain,
  name: string,
  layers: readonly string[],
  scope: 'shared' | 'tenant',
  options: { readonly level?: number } = {},
): string {
  return chain.beside('module', { layers, ...options }, { id: `module.${name}`, scope, needs: layers });
}

function moduleOfMany(chain: Chain, name: string, layers: readonly string[]): string[] {
  return layers.length === 0 ? [] : [moduleOf(chain, name, layers, 'tenant')];
}

/** Topological order that keeps the given order where it may (Kahn). The spec check has refused circles before. */
function sortByNeeds(drafts: readonly StepDraft[]): StepDraft[] {
  const sorted: StepDraft[] = [];
  const done = new Set<string>();
  let rest = [...drafts];
  while (rest.length > 0) {
    const ready = rest.find((draft) => draft.needs.every((need) => done.has(need)));
    if (ready === undefined) throw new Error(`steps need each other: ${rest.map((draft) => draft.id).join(', ')}`);
    sorted.push(ready);
    done.add(ready.id);
    rest = rest.filter((draft) => draft !== ready);
  }
  return sorted;
}
