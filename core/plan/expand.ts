import type { TrustClass } from '../builds/manifest.ts';
import type { JsonObject } from '../digest.ts';
import { toJsonObject } from '../json.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { type ProgramName, programs } from './programs/catalogue.ts';

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

/** A file below these changes what an initial RAM file system holds (initramfs-tools(7), its hooks and their inputs). */
const initramfsInputs = [
  '/etc/initramfs-tools/',
  '/usr/share/initramfs-tools/',
  '/etc/modprobe.d/',
  '/etc/modules',
  '/etc/udev/',
  '/usr/lib/udev/',
  '/etc/live/',
];

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

/**
 * The steps of a spec in topological order. The declarative customisations are one chain; user steps follow all of
 * it by their `needs` ([] = only the declarative base); exports need every user step that no other needs.
 *
 * Trust: the declarative steps edit the tree as data, so they are `service` although `files` carries tenant bytes.
 * Scope: only what holds no byte of a tenant may be shared. `initramfs` runs code of the tree: where tenant code or
 * files that it reads may have touched the tree it comes last and is `tenant`, else it is part of the shared base.
 */
export function expandSpec(spec: ResolvedSpec): StepDraft[] {
  const boots = spec.outputs.some((output) => output.type === 'iso');
  const drafts: StepDraft[] = [];
  let last: string | undefined;
  const chain = (
    id: ProgramName,
    options: object,
    scope: 'shared' | 'tenant',
    trust: TrustClass = programs[id].trust,
    needs: readonly string[] = last === undefined ? [] : [last],
  ): void => {
    drafts.push({
      id,
      program: id,
      trust,
      scope,
      options: toJsonObject(options),
      needs,
      label: programs[id].summary,
      timeoutSeconds: programs[id].timeoutSeconds,
    });
    last = id;
  };

  chain('bootstrap', spec.base, 'shared');
  chain(
    'packages',
    {
      install: [...new Set([...spec.packages.install, ...impliedPackages(spec)])].sort(),
      remove: [...spec.packages.remove].sort(),
      recommends: spec.packages.recommends,
      ...(boots ? { kernel: spec.kernel.package } : {}),
      outputs: spec.outputs.map((output) => output.type).sort(),
    },
    'shared',
  );
  const touchesInitramfs =
    spec.steps.length > 0 || spec.files.some((file) => initramfsInputs.some((prefix) => file.path.startsWith(prefix)));
  if (boots && !touchesInitramfs) chain('initramfs', { afterTenant: false }, 'shared');
  chain('system', spec.system, 'tenant');
  if (spec.groups.length > 0) chain('groups', { groups: spec.groups }, 'tenant');
  if (spec.users.length > 0) chain('users', { users: spec.users }, 'tenant');
  if (spec.files.length > 0) chain('files', { files: spec.files }, 'tenant');
  const services = spec.services;
  if (services.enable.length + services.disable.length + services.mask.length > 0)
    chain('services', services, 'tenant');

  const base = last ?? 'bootstrap';
  for (const step of spec.steps) {
    drafts.push({
      id: step.id,
      program: 'script',
      trust: 'tenant',
      scope: 'tenant',
      options: { run: step.run, network: step.network, timeoutSeconds: step.timeoutSeconds },
      needs: step.needs.length > 0 ? step.needs : [base],
      label: `Runs the step ${step.id}`,
      // The program ends the script by itself; this is the bound on everything around it.
      timeoutSeconds: step.timeoutSeconds + 60,
    });
  }
  const needed = new Set(spec.steps.flatMap((step) => step.needs));
  const leaves = spec.steps.map((step) => step.id).filter((id) => !needed.has(id));
  let tips: readonly string[] = leaves.length > 0 ? leaves : [base];
  if (boots && touchesInitramfs) {
    chain('initramfs', { afterTenant: true }, 'tenant', 'tenant', tips);
    tips = ['initramfs'];
  }
  for (const output of spec.outputs) {
    if (output.type === 'iso') {
      const { hostname } = spec.system;
      const options = { fileName: `${spec.name}.iso`, label: output.label, cmdline: spec.kernel.cmdline, hostname };
      chain('iso', options, 'tenant', 'seal', tips);
    } else {
      chain('tar', { fileName: `${spec.name}.tar.zst` }, 'tenant', 'seal', tips);
    }
  }
  return sortByNeeds(drafts);
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
