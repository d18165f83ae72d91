import { z } from 'zod';
import { jsonObjectSchema } from '../json.ts';
import { resultStates, severities } from './check.ts';
import { profileIds } from './profile.ts';
import { waiverProblems } from './waiver.ts';

/** What an image comes to by its profiles: the worst of its results, those that are waived apart. */
export const complianceStates = ['fail', 'manual', 'waived', 'pass'] as const;
export type ComplianceState = (typeof complianceStates)[number];

const countsSchema = z.strictObject({
  pass: z.number().int(),
  fail: z.number().int(),
  not_applicable: z.number().int(),
  manual: z.number().int(),
  waived: z.number().int().describe('Of those that fail or are manual: those with a waiver that holds.'),
});
export type Counts = z.infer<typeof countsSchema>;

const waiverSchema = z.strictObject({ reason: z.string(), owner: z.string(), expires: z.string() });

const resultSchema = z.strictObject({
  check: z.string(),
  title: z.string(),
  severity: z.enum(severities),
  tag: z.enum(['image', 'site']),
  clauses: z.partialRecord(z.enum(profileIds), z.array(z.string())),
  state: z.enum(resultStates),
  evidence: z.array(z.string()),
  how: z.string(),
  remedy: z.string(),
  values: jsonObjectSchema.optional().describe('Parameters that it was judged with.'),
  waiver: waiverSchema.optional().describe('That holds, of a check that fails or is manual.'),
});
export type CheckResult = z.infer<typeof resultSchema>;

/** What an image is by some profiles, with all evidence: what is stored, shown, and judged again later. */
export const complianceReportSchema = z
  .strictObject({
    format: z.literal('lbuild-compliance/1'),
    judgedAt: z.iso.datetime(),
    state: z.enum(complianceStates),
    profiles: z.array(
      z.strictObject({
        id: z.enum(profileIds),
        title: z.string(),
        source: z.string(),
        scope: z.string(),
        state: z.enum(complianceStates),
        counts: countsSchema,
      }),
    ),
    results: z.array(resultSchema),
    voidWaivers: z
      .array(z.strictObject({ check: z.string(), problem: z.enum(waiverProblems), ...waiverSchema.shape }))
      .describe('Waivers that do not hold, and why.'),
    unusedWaivers: z.array(z.string()).describe('Checks that are waived and pass.'),
  })
  .meta({ id: 'ComplianceReport' });
export type ComplianceReport = z.infer<typeof complianceReportSchema>;

/** What is kept of a report with its build. */
export const complianceSummarySchema = z
  .strictObject({
    state: z.enum(complianceStates),
    profiles: z.array(
      z.strictObject({ id: z.enum(profileIds), state: z.enum(complianceStates), counts: countsSchema }),
    ),
  })
  .meta({ id: 'ComplianceSummary' });
