import { z } from 'zod';
import type { AdvisoryIndex } from './advisory-index.ts';
import { findingKey, findingSchema } from './finding.ts';
import { countsSchema, type Judgement, judge, verdicts, voidReasons, type WaiverJudge } from './gate.ts';
import { vulnerabilityLimits as limits } from './limits.ts';
import { matchPackages, type ScannedPackage } from './match.ts';
import { thresholds, type VulnerabilityPolicy } from './policy.ts';
import { dataForms } from './read-data.ts';

/** A finding as a scan keeps it. */
export const scanFindingSchema = findingSchema.extend({
  gate: z.enum(['fails', 'waived']).exactOptional().describe('What the gate made of it; absent: it is reported only.'),
  waiver: z
    .strictObject({ reason: z.string(), owner: z.string(), expires: z.string() })
    .exactOptional()
    .describe('The waiver that holds for it.'),
});
export type ScanFinding = Readonly<z.infer<typeof scanFindingSchema>>;

const voidWaiverSchema = z.strictObject({
  advisory: z.string(),
  package: z.string().exactOptional(),
  expires: z.string(),
  why: z.enum(voidReasons),
});

/** What a scan of a build found. */
export const scanRecordSchema = z.strictObject({
  kind: z.literal('vulnerabilities'),
  buildId: z.string(),
  at: z.iso.datetime().describe('When it was scanned.'),
  release: z.string().describe('Code name of the release.'),
  data: z
    .strictObject({
      digest: z.string().regex(/^[0-9a-f]{64}$/),
      takenAt: z.iso.datetime().exactOptional().describe('Newest date of the data.'),
      forms: z.array(z.enum(dataForms)),
      advisories: z.int().min(0).describe('Vulnerabilities in a source package of a release that it told of.'),
      skipped: z.int().min(0).describe('Entries that could not be read.'),
    })
    .describe('The vulnerability data that it was scanned with.'),
  packages: z.int().min(0).describe('Packages that were looked at.'),
  unjudged: z
    .array(z.string())
    .max(limits.unjudged)
    .describe(
      'Packages of which nothing is said, since their version cannot be read or is one of too many of its source; the first few.',
    ),
  policy: z.strictObject({ failOn: z.enum(thresholds).exactOptional(), onlyFixed: z.boolean() }),
  verdict: z.enum(verdicts),
  counts: countsSchema,
  undetermined: z.int().min(0).describe('Findings of which nobody knows whether the package is affected.'),
  failing: z.int().min(0).describe('Findings that fail the gate.'),
  waived: z.int().min(0).describe('Findings with a waiver that holds.'),
  waiversVoid: z.array(voidWaiverSchema).max(limits.waivers).describe('Waivers that do nothing, and why.'),
  findings: z.array(scanFindingSchema).max(limits.findings).describe('The most severe first.'),
  cut: z.boolean().describe('There are more findings than these; the counts are of all.'),
});
export type ScanRecord = Readonly<z.infer<typeof scanRecordSchema>>;

/** A policy that reports and fails nothing: of a spec that says nothing. */
const reportOnly: VulnerabilityPolicy = { onlyFixed: false, waivers: [] };

/**
 * Scans the packages of a build and judges what is found.
 * @param scan.release code name of the release that the build is of
 * @param scan.policy of its spec; absent: nothing fails
 * @param scan.ownerProblem what is wrong with the owner of a waiver
 * @throws EngineError vulnerabilities.no_data where there is no data of the release
 */
export function scanBuild(scan: {
  readonly buildId: string;
  readonly now: Date;
  readonly release: string;
  readonly packages: readonly ScannedPackage[];
  readonly index: AdvisoryIndex;
  readonly policy?: VulnerabilityPolicy;
  readonly ownerProblem: WaiverJudge['ownerProblem'];
}): ScanRecord {
  const { buildId, now, release, packages, index, policy = reportOnly, ownerProblem } = scan;
  const { findings, unjudged } = matchPackages(packages, index, release);
  const judgement = judge(findings, policy, { now, ownerProblem });
  const { digest, takenAt, forms, advisories, skipped } = index.data;
  const kept = firstOf(withGate(judgement, findings.slice(0, limits.findings)));
  return {
    ...{ kind: 'vulnerabilities', buildId, at: now.toISOString(), release },
    data: {
      digest,
      ...(takenAt === undefined ? {} : { takenAt }),
      ...{ forms: [...forms], advisories, skipped: skipped.count },
    },
    ...{ packages: packages.length, unjudged: unjudged.slice(0, limits.unjudged) },
    policy: {
      ...(policy.failOn === undefined ? {} : { failOn: policy.failOn }),
      onlyFixed: policy.onlyFixed,
    },
    ...{ verdict: judgement.verdict, counts: judgement.counts, undetermined: judgement.undetermined },
    ...{ failing: judgement.failing.length, waived: judgement.waived.length },
    waiversVoid: judgement.waiversVoid.map(({ waiver: { advisory, package: source, expires }, why }) => ({
      ...{ advisory, expires, why },
      ...(source === undefined ? {} : { package: source }),
    })),
    findings: kept,
    cut: findings.length > kept.length,
  };
}

/** As many findings as a scan has room for. */
function firstOf(findings: readonly ScanFinding[]): ScanFinding[] {
  let room = limits.findingsText;
  const end = findings.findIndex((finding) => {
    room -= JSON.stringify(finding).length;
    return room < 0;
  });
  return findings.slice(0, end === -1 ? findings.length : end);
}

function withGate({ failing, waived }: Judgement, findings: readonly ScanFinding[]): ScanFinding[] {
  const failed = new Set(failing.map(findingKey));
  const waivers = new Map(waived.map(({ finding, waiver }) => [findingKey(finding), waiver]));
  return findings.map((finding): ScanFinding => {
    if (failed.has(findingKey(finding))) return { ...finding, gate: 'fails' };
    const waiver = waivers.get(findingKey(finding));
    if (waiver === undefined) return finding;
    const { reason, owner, expires } = waiver;
    return { ...finding, gate: 'waived', waiver: { reason, owner, expires } };
  });
}
