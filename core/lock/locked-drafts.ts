import { digestOf } from '../digest.ts';
import { releaseNamed } from '../distributions/registry.ts';
import { EngineError, type FieldError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import { type KeyContext, keyInputs } from '../plan/keys.ts';
import { type ArchivePackage, packageTitle } from '../plan/programs/archive-package.ts';
import { wantedPackages } from '../plan/programs/wanted-packages.ts';
import type { StepDraft } from '../plan/step-drafts.ts';
import { buildArchives } from '../spec/configuration/archives.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { quoted } from '../text.ts';
import { type BuildLock, installs, type LockedStep } from './build-lock.ts';
import { requestsOf } from './requests.ts';

/** A lock that a spec names, and what the engine knows of it. */
export interface KnownLock {
  readonly lock: BuildLock;
  /** It is of a build of this very installation, whose builders verified each package against a signed index. */
  readonly recorded: boolean;
  /** That build was the tenant's own. */
  readonly own: boolean;
}

/** A field of the spec that a lock does not fit. */
export function misfit(path: string, reason: string, remedy: string): FieldError {
  return { path, code: 'lock.does_not_fit', reason, remedy };
}

/** @throws EngineError lock.does_not_fit with these fields, where there are any */
export function needFit(fields: readonly FieldError[]): void {
  if (fields.length === 0) return;
  throw new EngineError('lock.does_not_fit', `The lock does not fit the spec in ${fields.length} field(s).`, {
    fields,
  });
}

/**
 * Whether the packages of a lock may be installed as the service's code. Whoever sends a lock may have written it, and
 * maintainer scripts are code: so only one that this engine made itself, of steps that ran no code of a tenant's. What
 * a step with archives of the spec took is the tenant's code in either case.
 */
export function isVouched({ lock, recorded }: KnownLock, spec: ResolvedSpec): boolean {
  const foreign = buildArchives(spec.archives).length > 0;
  return recorded && lock.steps.every(({ step, trust }) => trust === 'service' || (foreign && step === 'packages'));
}

/**
 * The drafts of a plan with the packages that a lock gives to each. A step that was asked for exactly what the lock's
 * was keeps the key that it has without a lock, since it makes the same; any other has the packages in its key.
 * @param context what the plan is made for: the lock's state of the archives, at the installation's addresses
 * @throws EngineError lock.does_not_fit where the spec installs what the lock has not
 */
export function lockedDrafts(
  drafts: readonly StepDraft[],
  spec: ResolvedSpec,
  given: KnownLock,
  context: Pick<KeyContext, 'architecture' | 'archive' | 'sourceDateEpoch'>,
): StepDraft[] {
  const { lock, own: isOwn } = given;
  const vouched = isVouched(given, spec);
  const requests = requestsOfDrafts(drafts, context);
  const fields: FieldError[] = [];
  const locked = drafts.map((draft) => {
    if (!installs(draft.program)) return draft;
    const own = lock.steps.find(({ step }) => step === draft.id);
    // Whatever a step of another tenant's took must not be what this tenant's builds find without a lock.
    const known = draft.trust === 'service' || isOwn;
    const same = vouched && known && own !== undefined && own.request === requests.get(draft.id);
    const packages = same ? own.packages : packagesFor(draft, lock.steps);
    if (!same) fields.push(...missing(draft, spec, lock, packages));
    const options = { ...draft.options, locked: toJsonObject({ packages }) };
    return { ...draft, options, ...(same ? {} : { locked: digestOf(packages) }) };
  });
  needFit([...fields, ...pinErrors(spec, lock)]);
  return locked;
}

function requestsOfDrafts(
  drafts: readonly StepDraft[],
  context: Pick<KeyContext, 'architecture' | 'archive' | 'sourceDateEpoch'>,
) {
  const keys = new Map(drafts.map(({ id }) => [id, '']));
  return requestsOf(
    drafts.map((draft) => ({
      ...draft,
      inputs: keyInputs(draft, { ...context, toolchain: '', keys }),
    })),
  );
}

/**
 * What a step may take that was not asked for what the lock's was: of the packages of all steps one version each, its
 * own step's first. A step of the service's takes nothing that a tenant's code may have put into the lock.
 */
function packagesFor(draft: StepDraft, steps: readonly LockedStep[]): readonly ArchivePackage[] {
  const own = steps.filter(({ step }) => step === draft.id);
  const others = draft.program === 'bootstrap' ? [] : steps.filter(({ step }) => step !== draft.id).toReversed();
  const chosen = new Map<string, ArchivePackage>();
  for (const { trust, packages } of [...own, ...others]) {
    if (trust === 'tenant' && draft.trust === 'service') continue;
    for (const one of packages) {
      const name = `${one.name} ${one.architecture}`;
      if (!chosen.has(name)) chosen.set(name, one);
    }
  }
  return [...chosen.values()];
}

/** Fields of the spec that ask for packages that the lock has not. */
function missing(
  draft: StepDraft,
  spec: ResolvedSpec,
  lock: BuildLock,
  packages: readonly ArchivePackage[],
): FieldError[] {
  const remedy = 'Remove it, or build without the lock and lock that build.';
  if (draft.program === 'bootstrap') {
    if (packages.length > 0) return [];
    return [misfit('lock', 'it has no minimal system', 'Take the lock of a whole build.')];
  }
  // What the minimal system has is installed already.
  const there = new Set(lock.steps.flatMap((step) => step.packages.map(({ name }) => name)));
  return wantedPackages(draft.options, releaseNamed(spec.base.release).distribution)
    .filter((name) => !there.has(name))
    .map((name) => {
      const position = spec.packages.install.indexOf(name);
      const given = name === spec.kernel.package ? 'kernel.package' : 'packages';
      const path = position < 0 ? given : `packages.install[${position}]`;
      const reason = `the lock has no package ${quoted(name)}${position < 0 ? ', which the spec needs' : ''}`;
      return misfit(path, reason, remedy);
    });
}

/** Pins that speak of another version than the lock has. */
function pinErrors(spec: ResolvedSpec, lock: BuildLock): FieldError[] {
  return (spec.packages.pins ?? []).flatMap(({ package: name, version, release, priority }, position) => {
    const found = lock.steps.flatMap(({ packages }) => packages).filter((one) => one.name === name);
    // One that does not override everything may not have held when the lock was made either.
    if (found.length === 0 || priority < 1_000) return [];
    const beginning = version?.endsWith('*') ? version.slice(0, -1) : undefined;
    const isMeant = (one: ArchivePackage) => {
      if (version === undefined) return one.suite === release;
      return beginning === undefined ? one.version === version : one.version.startsWith(beginning);
    };
    if (found.some(isMeant)) return [];
    const reason = `the lock has ${found.map(packageTitle).join(' and ')}`;
    return [misfit(`packages.pins[${position}]`, reason, 'Remove the pin, or lock a build that has it.')];
  });
}
