import { printable } from '../builds/printable.ts';
import { toJsonObject } from '../json.ts';
import type { Inspection } from '../plan/programs/inspection.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import type { BuildFacts, Verdict } from './check.ts';
import { type AnyCheck, checksOf } from './checks.ts';
import { InspectedTree } from './inspected-tree.ts';
import { profiles } from './profile.ts';
import type { CheckResult, ComplianceReport, ComplianceState, Counts } from './report.ts';
import type { ComplianceSettings } from './settings.ts';
import { type OwnerProblem, waiverProblem } from './waiver.ts';

/** What an image is judged with. */
export interface JudgedImage {
  readonly spec: ResolvedSpec;
  readonly settings: ComplianceSettings;
  readonly inspection: Inspection;
  readonly build: BuildFacts;
  readonly now: Date;
  /** What is wrong with the owner of a waiver; undefined where they may answer for one. */
  ownerProblem(owner: string): OwnerProblem | undefined;
}

/** The longest line of evidence that is kept: it may hold text of the image. */
const longestLine = 500;

/**
 * Judges an image by the profiles of its spec. Pure: the same image, checks, members and day give the same report.
 * Evidence holds text of the image, which is a tenant’s: it is printable and bounded.
 */
export function judgeImage({ spec, settings, inspection, build, now, ownerProblem }: JudgedImage): ComplianceReport {
  const tree = new InspectedTree(inspection);
  const waivers = new Map(settings.waivers.map((waiver) => [waiver.check, waiver]));
  const problems = settings.waivers.flatMap((waiver) => {
    const { check, reason, owner, expires } = waiver;
    const problem = waiverProblem(waiver, now, ownerProblem(owner));
    return problem === undefined ? [] : [{ check, problem, reason, owner, expires }];
  });
  const holds = (check: string) => !problems.some((one) => one.check === check);
  const results = checksOf(settings.profiles).map((check) => {
    const values = check.parameters?.parse(settings.tailoring[check.id] ?? {}) ?? {};
    const verdict = check.judge({ spec, tree, found: inspection, build, values });
    const waiver = waivers.get(check.id);
    const waived = waiver !== undefined && isOpen(verdict) && holds(check.id);
    return resultOf(check, verdict, values, waived ? waiver : undefined);
  });
  return {
    format: 'lbuild-compliance/1',
    judgedAt: now.toISOString(),
    state: stateOf(results),
    profiles: settings.profiles.map((id) => {
      const own = results.filter(({ clauses }) => clauses[id] !== undefined);
      return { id, ...profiles[id], state: stateOf(own), counts: countsOf(own) };
    }),
    results,
    voidWaivers: problems,
    unusedWaivers: results.flatMap(({ check, state }) =>
      waivers.has(check) && holds(check) && state !== 'fail' && state !== 'manual' ? [check] : [],
    ),
  };
}

/** What keeps an image from being published where its profiles are enforced: what fails or is manual, and is not waived. */
export function failingResults({ results }: ComplianceReport): CheckResult[] {
  return results.filter((result) => isOpen(result) && result.waiver === undefined);
}

const isOpen = ({ state }: Pick<Verdict, 'state'>): boolean => state === 'fail' || state === 'manual';

function resultOf(
  check: AnyCheck,
  { state, evidence }: Verdict,
  values: Readonly<Record<string, unknown>>,
  waiver: ComplianceSettings['waivers'][number] | undefined,
): CheckResult {
  const { id, title, severity, tag, clauses, how, remedy } = check;
  const named = Object.entries(clauses).map(([profile, list]) => [profile, [...list]] as const);
  return {
    ...{ check: id, title, severity, tag, clauses: Object.fromEntries(named), state, how, remedy },
    evidence: evidence.map((line) => printable(line).slice(0, longestLine)),
    ...(Object.keys(values).length === 0 ? {} : { values: toJsonObject(values) }),
    ...(waiver === undefined
      ? {}
      : { waiver: { reason: waiver.reason, owner: waiver.owner, expires: waiver.expires } }),
  };
}

function stateOf(results: readonly CheckResult[]): ComplianceState {
  const open = results.filter((result) => isOpen(result) && result.waiver === undefined);
  if (open.some(({ state }) => state === 'fail')) return 'fail';
  if (open.length > 0) return 'manual';
  return results.some(({ waiver }) => waiver !== undefined) ? 'waived' : 'pass';
}

function countsOf(results: readonly CheckResult[]): Counts {
  const of = (state: CheckResult['state']) => results.filter((result) => result.state === state).length;
  const waived = results.filter(({ waiver }) => waiver !== undefined).length;
  return { pass: of('pass'), fail: of('fail'), not_applicable: of('not_applicable'), manual: of('manual'), waived };
}
