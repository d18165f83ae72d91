import { z } from 'zod';
import { type OwnerProblem, waiverProblem, waiverProblems } from '../compliance/waiver.ts';
import { type Finding, findingKey, isKnown } from './finding.ts';
import type { VulnerabilityPolicy, Waiver } from './policy.ts';
import { bySeverity, type Severity } from './severity.ts';

const countSchema = z.strictObject({
  found: z.int().min(0).describe('Vulnerabilities in a package.'),
  fixable: z.int().min(0).describe('Of these, those with a fix in the release.'),
  waived: z.int().min(0).describe('Of these, those with a waiver that holds.'),
});

/** How many vulnerabilities there are; those of which nobody knows whether the package is affected are in none. */
export const countsSchema = z.strictObject({
  ...{ critical: countSchema, high: countSchema, medium: countSchema, low: countSchema },
  ...{ negligible: countSchema, unknown: countSchema },
} satisfies Record<Severity, typeof countSchema>);
export type Counts = Readonly<z.infer<typeof countsSchema>>;

export const verdicts = ['pass', 'fail'] as const;
export type Verdict = (typeof verdicts)[number];

/** Why a waiver does nothing: `unused` is one that holds and that matches nothing. */
export const voidReasons = [...waiverProblems, 'unused'] as const;
export type VoidReason = (typeof voidReasons)[number];

/** What waivers are judged by. */
export interface WaiverJudge {
  readonly now: Date;
  /** What is wrong with the owner of a waiver; undefined where they may answer for one. */
  ownerProblem(owner: string): OwnerProblem | undefined;
}

export interface Judgement {
  /** Without a threshold nothing fails. */
  readonly verdict: Verdict;
  /** What makes it fail, in the order of the findings. */
  readonly failing: readonly Finding[];
  /** Findings that a waiver holds for, whether or not they would fail. */
  readonly waived: readonly { readonly finding: Finding; readonly waiver: Waiver }[];
  readonly waiversVoid: readonly { readonly waiver: Waiver; readonly why: VoidReason }[];
  readonly counts: Counts;
  /** Findings of which nobody knows whether the package is affected: they fail nothing. */
  readonly undetermined: number;
}

/**
 * Judges findings by a policy. What has no severity (`unknown`) is counted and fails nothing: most of what the Debian
 * tracker tells has none until OSV documents rate it.
 */
export function judge(
  findings: readonly Finding[],
  policy: Pick<VulnerabilityPolicy, 'failOn' | 'onlyFixed' | 'waivers'>,
  by: WaiverJudge,
): Judgement {
  const faults = policy.waivers.map((waiver) => ({
    waiver,
    why: waiverProblem(waiver, by.now, by.ownerProblem(waiver.owner)),
  }));
  const holding = faults.flatMap(({ waiver, why }) => (why === undefined ? [waiver] : []));
  const waived = findings.flatMap((finding) => {
    const waiver = holding.find((one) => isFor(one, finding));
    return waiver === undefined ? [] : [{ finding, waiver }];
  });
  const keys = new Set(waived.map(({ finding }) => findingKey(finding)));
  const isWaived = (finding: Finding) => keys.has(findingKey(finding));
  const failing = findings.filter((finding) => fails(finding, policy) && !isWaived(finding));
  const known = findings.filter(isKnown);
  return {
    verdict: failing.length === 0 ? 'pass' : 'fail',
    ...{ failing, waived },
    waiversVoid: faults.flatMap(({ waiver, why }): Judgement['waiversVoid'] => {
      if (why !== undefined) return [{ waiver, why }];
      return findings.some((finding) => isFor(waiver, finding)) ? [] : [{ waiver, why: 'unused' }];
    }),
    counts: countsOf(known, isWaived),
    undetermined: findings.length - known.length,
  };
}

function isFor({ advisory, package: source }: Waiver, finding: Finding): boolean {
  return advisory === finding.advisory && (source === undefined || source === finding.source);
}

/** Whether a finding fails the gate where nobody waives it. */
function fails(finding: Finding, { failOn, onlyFixed }: Pick<VulnerabilityPolicy, 'failOn' | 'onlyFixed'>): boolean {
  if (failOn === undefined || !isKnown(finding)) return false;
  if (onlyFixed && finding.fixedIn === undefined) return false;
  // `unknown` is last in the order, behind every threshold.
  return bySeverity(finding.severity, failOn) <= 0;
}

function countsOf(findings: readonly Finding[], isWaived: (finding: Finding) => boolean): Counts {
  const none = () => ({ found: 0, fixable: 0, waived: 0 });
  const counts = {
    ...{ critical: none(), high: none(), medium: none(), low: none() },
    ...{ negligible: none(), unknown: none() },
  };
  for (const finding of findings) {
    const count = counts[finding.severity];
    count.found++;
    if (finding.fixedIn !== undefined) count.fixable++;
    if (isWaived(finding)) count.waived++;
  }
  return counts;
}
