import { z } from 'zod';
import { resultStates } from '../compliance/check.ts';
import type { CheckResult, ComplianceReport } from '../compliance/report.ts';

/** `waived` stands for a check that does not pass, with a waiver that holds. */
const checkStates = [...resultStates, 'waived'] as const;
export type CheckState = (typeof checkStates)[number];

/** A check whose result is another one than before. */
export const checkChangeSchema = z
  .strictObject({
    check: z.string(),
    before: z.enum(checkStates).exactOptional().describe('Absent: it was not among the checks.'),
    after: z.enum(checkStates).exactOptional().describe('Absent: it is no longer among them.'),
  })
  .meta({ id: 'CheckChange' });
export type CheckChange = Readonly<z.infer<typeof checkChangeSchema>>;

/** Which checks came to another result, in the order of the later report. */
export function checkChanges(earlier: ComplianceReport | undefined, later: ComplianceReport): CheckChange[] {
  const before = new Map((earlier?.results ?? []).map((result) => [result.check, stateOf(result)]));
  const after = new Set(later.results.map(({ check }) => check));
  const changed = later.results.flatMap((result): CheckChange[] => {
    const was = before.get(result.check);
    const is = stateOf(result);
    if (was === is) return [];
    return [{ check: result.check, ...(was === undefined ? {} : { before: was }), after: is }];
  });
  const gone = [...before].flatMap(([check, was]): CheckChange[] => (after.has(check) ? [] : [{ check, before: was }]));
  return [...changed, ...gone];
}

/** Whether a check keeps an image from being published where its profiles are enforced. */
export const isOpenState = (state: CheckState | undefined): boolean => state === 'fail' || state === 'manual';

const stateOf = ({ state, waiver }: CheckResult): CheckState => (waiver === undefined ? state : 'waived');
