import { bootSets } from '../spec/capabilities.ts';
import { buildArchives } from '../spec/configuration/archives.ts';
import { sectionsOf } from '../spec/configuration/sections.ts';
import { embeddedSpecPath } from '../spec/embedded-spec.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { complianceStep } from './compliance-step.ts';
import { configurationOptions } from './configuration-options.ts';
import { diskPackages } from './disk-packages.ts';
import { embeddedSpecText } from './embedded-spec.ts';
import { exportStep, moduleOf } from './export-steps.ts';
import { archiveSecrets } from './programs/archive-secrets.ts';
import { bringsHooks, mayChangeInitramfs, removalMayChangeInitramfs } from './programs/initramfs-inputs.ts';
import { addRemediationStep } from './remediation-step.ts';
import { Chain, layersOf, type StepDraft, sortByNeeds } from './step-drafts.ts';
import { testSteps } from './test-steps.ts';

/** Packages that a spec asks for without naming them. */
function impliedPackages(spec: ResolvedSpec): string[] {
  const implied: string[] = [];
  // C.UTF-8 and POSIX are part of libc-bin; any other locale is generated from the sources in `locales`.
  if (!/^(C|POSIX|C\.UTF-8)$/.test(spec.system.locale)) implied.push('locales');
  if (!/^(UTC|Etc\/UTC)$/.test(spec.system.timezone)) implied.push('tzdata');
  if (spec.system.keyboard !== 'us') implied.push('console-setup', 'keyboard-configuration');
  // The group is of the minimal system, but means nothing without the command.
  if (spec.users.some((user) => user.sudo !== undefined || user.groups.includes('sudo'))) implied.push('sudo');
  implied.push(...diskPackages(spec));
  implied.push(...sectionsOf(spec).flatMap(({ packages }) => packages));
  return implied;
}

/**
 * The steps of a spec in topological order. The boot packages come first and the user's packages after them, so that
 * another package of the user's installs these only. The initial RAM file system is a branch beside the user's
 * packages: made once of the boot packages, with which those of the user's come that are known to bring hooks, and again
 * by `refresh` where something that it reads has changed since; only after the user's packages where one that is removed
 * is known to bring hooks, or where the spec says which kernel modules load.
 * The declarative customisations are one chain, in which the user's files win over all that the engine writes; user
 * steps follow all of it by their `needs` ([] = only the declarative base); exports need every user step that no other
 * needs. A spec that is to be in the image is written last, after a user step where there is one; remediation comes after
 * all of these, so that it sees what they left.
 *
 * Trust: the declarative steps edit the tree as data, so they are `service` although `files` carries tenant bytes. Those
 * that run code of the tree (system, certificates, initramfs) come before accounts and files.
 * Scope: only what holds no byte of a tenant may be shared. `refresh` runs code of the tree: where tenant code or
 * files that it reads may have touched the tree it comes last and is `tenant`, else it belongs to the shared base.
 * An archive that the spec names is a tenant's, and maintainer scripts are code: then the step of the user's packages, and
 * every declarative step after it, is `tenant`, and what all share ends with the boot packages.
 * @param secretVersions of the secrets that its archives name, by name
 * @param base `tenant`: so are all packages, from the minimal system on, and nothing is shared
 */
export function expandSpec(
  spec: ResolvedSpec,
  base: 'service' | 'tenant' = 'service',
  secretVersions: ReadonlyMap<string, number> = new Map(),
): StepDraft[] {
  const chain = new Chain();
  // What does not boot needs no package of its own, so it changes nothing below it.
  // Every form of a disk needs the same packages: one layer of these serves all.
  const outputs = bootSets(spec.outputs.map((output) => output.type));
  const boots = outputs.length > 0;
  const untrusted = base === 'tenant';
  const shared = untrusted ? {} : ({ scope: 'shared' } as const);
  const { kernelModules, certificates, configuration } = configurationOptions(spec);
  const archives = buildArchives(spec.archives);
  const foreign = archives.length > 0;
  const late =
    foreign ||
    untrusted ||
    spec.steps.length > 0 ||
    spec.files.some((file) => mayChangeInitramfs(file.path)) ||
    (spec.remove ?? []).some((removal) => removalMayChangeInitramfs(removal.path));

  chain.afterTenant = untrusted;
  const { snapshot: _snapshot, ...minimal } = spec.base;
  chain.add('bootstrap', minimal, shared);
  const installs = [...new Set([...spec.packages.install, ...impliedPackages(spec)])].sort();
  // An archive of the tenant's may have the package by that name, and no sharing knows which.
  const withHooks = boots && !foreign ? installs.filter(bringsHooks) : [];
  const wanted = {
    install: installs.filter((name) => !withHooks.includes(name)),
    remove: [...spec.packages.remove].sort(),
    recommends: spec.packages.recommends,
    pins: spec.packages.pins,
    hold: spec.packages.hold,
    ...(foreign && { archives, secrets: archiveSecrets(archives, secretVersions) }),
  };
  const { install, remove: purge, pins = [], hold = [] } = wanted;
  const changesPackages = foreign || install.length + purge.length + pins.length + hold.length > 0;
  // Where a tenant's packages may bring hooks it is made of the boot packages, and again at the end.
  const hooks = !foreign && wanted.remove.some(bringsHooks);
  const makeInitramfs = () => chain.beside('initramfs', { afterTenant: untrusted }, shared);
  let initramfs: string | undefined;
  if (boots) {
    // A pin may be of the kernel or of what boots it.
    const { recommends, pins: pinned } = wanted;
    const bootSet = { install: withHooks, remove: [], recommends, pins: pinned, kernel: spec.kernel.package, outputs };
    chain.add('packages', bootSet, { id: 'kernel', label: 'Installs the kernel and what boots it', ...shared });
    if (!hooks && kernelModules === undefined) initramfs = makeInitramfs();
  }
  const lowest = layersOf(chain.drafts);
  chain.afterTenant = foreign || untrusted;
  if (changesPackages || !boots) chain.add('packages', { ...wanted, outputs: [] }, foreign ? {} : shared);
  if (boots && hooks && kernelModules === undefined) initramfs = makeInitramfs();
  const shareable = foreign ? lowest : layersOf(chain.drafts);
  if (initramfs !== undefined && changesPackages && !hooks && !late) {
    initramfs = refresh(chain, initramfs, chain.tips, false);
  }
  if (kernelModules !== undefined) {
    chain.add('configuration', kernelModules, {
      id: 'kernel-modules',
      label: 'Says which kernel modules load and which do not',
    });
    // One made before would be made again for certain: it holds what is written here.
    if (boots) initramfs = chain.beside('initramfs', { afterTenant: foreign || untrusted });
  }
  const booting = initramfs === undefined ? [] : [initramfs];

  const { ntp: _, ...system } = spec.system;
  chain.add('system', system);
  if (certificates !== undefined) chain.add('certificates', certificates);
  if (spec.groups.length > 0) chain.add('groups', { groups: spec.groups });
  if (spec.users.length > 0 || spec.rootAccount !== undefined) {
    chain.add('users', { users: spec.users, root: spec.rootAccount });
  }
  if (configuration !== undefined) chain.add('configuration', configuration);
  const { files, directories, remove } = spec;
  if (files.length > 0 || directories !== undefined || remove !== undefined) {
    chain.add('files', { files, directories, remove }, uploadTime(files));
  }
  const services = spec.services;
  if (services.enable.length + services.disable.length + services.mask.length > 0) chain.add('services', services);
  if (spec.firstBoot !== undefined) chain.add('first-boot', { scripts: spec.firstBoot });
  const text = embeddedSpecText(spec);
  const embedded = text === undefined ? undefined : { path: embeddedSpecPath, text };
  if (embedded !== undefined && spec.steps.length === 0) chain.add('spec-file', embedded);
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
  const last = leaves.at(-1);
  if (embedded !== undefined && last !== undefined) {
    // After the last one alone: what needed all of them would be a stage more where they run beside each other.
    leaves.splice(-1, 1, chain.beside('spec-file', embedded, { needs: [last], trust: 'tenant' }));
  }
  const scripts = leaves.length > 0;
  const hardened = addRemediationStep(chain, spec, scripts ? [...leaves] : chain.tips, scripts);
  if (hardened !== undefined) leaves.splice(0, leaves.length, hardened);
  if (leaves.length > 0) tips = [...leaves, ...(scripts ? [] : booting)];
  // A container boots no kernel: its image has an initial RAM file system only where a user step is built on one.
  const unbooted = leaves.length > 0 ? leaves : chain.tips;
  if (initramfs !== undefined && late) tips = [...tips, refresh(chain, initramfs, tips, true)];

  const layers = layersOf(chain.drafts);
  const modules = spec.outputs.some(({ type }) => type === 'iso')
    ? [
        ...shareable.map((id) => moduleOf(chain, id, [id], untrusted ? 'tenant' : 'shared')),
        ...moduleOfMany(chain, 'custom', without(declared, shareable)),
        ...moduleOfMany(chain, 'steps', without(layers, declared)),
      ]
    : [];
  for (const output of spec.outputs) exportStep(chain, spec, output, { tips, unbooted, modules, layers });
  testSteps(chain, spec);
  complianceStep(chain, spec, tips);
  return sortByNeeds(chain.drafts);
}

/** What the time of a step allows whose uploads come from the store: 8 GiB, at 6 MB/s, twice written and hashed. */
function uploadTime(files: ResolvedSpec['files']): { timeoutSeconds?: number } {
  return files.some((file) => file.upload !== undefined) ? { timeoutSeconds: 1_800 } : {};
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

function without(ids: readonly string[], others: readonly string[]): string[] {
  return ids.filter((id) => !others.includes(id));
}

function moduleOfMany(chain: Chain, name: string, layers: readonly string[]): string[] {
  return layers.length === 0 ? [] : [moduleOf(chain, name, layers, 'tenant')];
}
