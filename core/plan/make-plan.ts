import { canonicalJson, digestOf, type Sha256 } from '../digest.ts';
import { isVouched, type KnownLock, lockedDrafts } from '../lock/locked-drafts.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import type { ArchiveState } from './archive-state.ts';
import { expandSpec } from './expand.ts';
import { artifactName } from './export-steps.ts';
import { keyInputs, keyOf } from './keys.ts';
import type { Plan, PlanStep } from './plan.ts';
import { programs } from './programs/catalogue.ts';
import { type Fusing, fuseStages } from './stages.ts';

/**
 * The plan of a build: pure, so equal inputs give equal bytes. The source date is the newest date of the suites of the
 * distribution's archive: what the image is made of cannot be younger, and two builds of one archive state share it. An
 * archive that the spec names has no say in it, since the steps that all tenants share have it in their keys.
 * @param input `fusing` is by cost where it is not said; `lock` is that which the spec names, `archive` its state then;
 *   `secretVersions` has a version of each secret that the spec names
 * @throws EngineError plan.too_large, lock.does_not_fit
 */
export function makePlan(input: {
  spec: ResolvedSpec;
  archive: ArchiveState;
  toolchain: string;
  fusing?: Fusing | undefined;
  lock?: KnownLock | undefined;
  secretVersions?: ReadonlyMap<string, number> | undefined;
}): Plan {
  const { spec, archive, toolchain, lock } = input;
  const architecture = spec.base.architecture;
  const sourceDateEpoch = Math.max(...archive.suites.map((suite) => suite.date));
  const keys = new Map<string, string>();
  const expanded = expandSpec(
    spec,
    lock === undefined || isVouched(lock, spec) ? 'service' : 'tenant',
    input.secretVersions,
  );
  const drafts =
    lock === undefined ? expanded : lockedDrafts(expanded, spec, lock, { architecture, archive, sourceDateEpoch });
  const steps: PlanStep[] = drafts.map((draft) => {
    const inputs = keyInputs(draft, { toolchain, architecture, sourceDateEpoch, archive, keys });
    const key = keyOf(inputs);
    keys.set(draft.id, key);
    const declaration = programs[draft.program];
    return {
      id: draft.id,
      program: draft.program,
      version: declaration.version,
      trust: draft.trust,
      key,
      options: { ...draft.options },
      produces: declaration.produces,
      timeoutSeconds: draft.timeoutSeconds,
      needs: [...draft.needs],
      scope: draft.scope,
      inputs,
      label: draft.label,
    };
  });
  const stages = fuseStages(steps, input.fusing);
  return {
    format: 'lbuild-plan/2',
    specDigest: digestOf(spec),
    toolchain,
    architecture,
    release: spec.base.release,
    sourceDateEpoch,
    archive: { suites: archive.suites, ...(archive.extra && { extra: archive.extra }) },
    steps,
    stages,
    artifacts: spec.outputs.map((output) => ({
      step: output.type,
      name: artifactName(spec.name, output.type),
      type: output.type,
    })),
  };
}

/** Digest of the plan's canonical JSON: what deduplication and approvals speak of. */
export function planDigest(plan: Plan): Sha256 {
  return digestOf(plan);
}

/** The plan's canonical JSON, as it is stored. */
export function planText(plan: Plan): string {
  return canonicalJson(plan);
}
