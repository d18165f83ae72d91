import { z } from 'zod';
import { canonicalJson } from '../digest.ts';
import { utf8 } from '../json.ts';
import { type ComplianceReport, complianceStates } from './report.ts';

const descriptor = z.strictObject({
  name: z.string().min(1),
  digest: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
});

/** The type of in-toto’s test results (in-toto Attestation Framework, predicates/test-result.md, v0.1). */
export const testResultType = 'https://in-toto.io/attestation/test-result/v0.1';

/** in-toto Statement v1 with a test result: which checks the artifacts passed, by the report that is its configuration’s neighbour. */
export const testResultSchema = z.strictObject({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(descriptor).min(1),
  predicateType: z.literal(testResultType),
  predicate: z.strictObject({
    result: z.enum(['PASSED', 'WARNED', 'FAILED']),
    configuration: z.array(descriptor).min(1),
    passedTests: z.array(z.string()),
    warnedTests: z.array(z.string()),
    failedTests: z.array(z.string()),
    annotations: z.strictObject({
      state: z.enum(complianceStates),
      judgedAt: z.iso.datetime(),
      profiles: z.array(z.string()),
    }),
  }),
});
export type TestResult = z.infer<typeof testResultSchema>;

interface Named {
  readonly name: string;
  readonly sha256: string;
}

/**
 * The bytes of a report’s statement, to be signed in an envelope. What is waived or needs a person is a warning; what
 * does not apply is among none of them.
 * @param configuration what it was judged by and where it is told in full: the resolved spec and the report, by digest
 */
export function testResultStatement(
  report: ComplianceReport,
  artifacts: readonly Named[],
  configuration: readonly Named[],
): Uint8Array {
  const named = ({ name, sha256 }: Named) => ({ name, digest: { sha256 } });
  const of = (wanted: 'passed' | 'warned' | 'failed') =>
    report.results.flatMap(({ check, state, waiver }) => {
      if (state === 'not_applicable') return [];
      const kind = state === 'pass' ? 'passed' : waiver !== undefined || state === 'manual' ? 'warned' : 'failed';
      return kind === wanted ? [check] : [];
    });
  const statement: TestResult = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: artifacts.map(named),
    predicateType: testResultType,
    predicate: {
      result: report.state === 'pass' ? 'PASSED' : report.state === 'fail' ? 'FAILED' : 'WARNED',
      configuration: configuration.map(named),
      ...{ passedTests: of('passed'), warnedTests: of('warned'), failedTests: of('failed') },
      annotations: { state: report.state, judgedAt: report.judgedAt, profiles: report.profiles.map(({ id }) => id) },
    },
  };
  return utf8(`${canonicalJson(statement)}\n`);
}
