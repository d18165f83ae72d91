import { z } from 'zod';
import { repeatedNames, ruledValue } from '../spec/configuration/rules.ts';
import { byCodeUnits, quoted } from '../text.ts';
import { type AnyCheck, checkIds, checks, checksOf } from './checks.ts';
import { profileIds } from './profile.ts';
import { waiverFields } from './waiver.ts';

/** How many waivers a spec may have: more are another profile. */
const mostWaivers = 60;

const ids = checkIds as [string, ...string[]];

const waiverSchema = z
  .strictObject({ check: z.enum(ids).describe('Id of the check.'), ...waiverFields })
  .describe('A check that may fail for a while.');

/** The parameters of each check that has some. */
const tailoringSchema = z
  .strictObject(
    Object.fromEntries(
      checks.flatMap((each: AnyCheck) =>
        each.parameters === undefined ? [] : [[each.id, each.parameters.describe(each.title).optional()] as const],
      ),
    ),
  )
  .describe('Parameters of checks, by id: stricter values, and what only the owner of the image knows.');

const fields = z
  .strictObject({
    profiles: z
      .array(z.enum(profileIds).describe('Name of a profile.'))
      .min(1)
      .max(profileIds.length)
      .describe('What the image is judged by: base, hipaa, pci-dss, soc2.'),
    enforce: z
      .boolean()
      .default(false)
      .describe(
        'Fail the build, and publish nothing, where a check fails or must be judged by a person and is not waived.',
      ),
    remediate: z
      .boolean()
      .optional()
      .describe(
        'Make the checks pass that can be: what the spec leaves open is filled in, and a step changes the tree. What the spec says otherwise is an error.',
      ),
    tailoring: tailoringSchema.default({}),
    waivers: z
      .array(waiverSchema)
      .max(mostWaivers)
      .default([])
      .describe('Checks that may fail for a while, and who answers for it.'),
  })
  .describe('Compliance profiles that the image is judged by.');

/** The section `compliance` of a spec. */
export const complianceSchema = ruledValue(fields, ({ profiles, waivers, tailoring }) => {
  const known = new Set(checksOf(profiles).map(({ id }) => id));
  const remedy = 'Remove it, or name a profile that has the check.';
  return [
    ...repeatedNames(profiles, (index) => ['profiles', index], 'Name each profile once.'),
    ...repeatedNames(
      waivers.map(({ check }) => check),
      (index) => ['waivers', index, 'check'],
      'Waive each check once.',
    ),
    ...waivers.flatMap(({ check }, index) =>
      known.has(check)
        ? []
        : {
            at: ['waivers', index, 'check'],
            code: 'spec.contradiction' as const,
            reason: `${quoted(check)} is in none of the profiles`,
            remedy,
          },
    ),
    ...Object.keys(tailoring).flatMap((check) =>
      known.has(check)
        ? []
        : {
            at: ['tailoring', check],
            code: 'spec.contradiction' as const,
            reason: `${quoted(check)} is in none of the profiles`,
            remedy,
          },
    ),
  ];
});
export type ComplianceSettings = z.output<typeof complianceSchema>;

/** Settings in one form: profiles in their own order, waivers by their checks. */
export function resolveCompliance({ profiles, waivers, remediate, ...rest }: ComplianceSettings): ComplianceSettings {
  return {
    ...rest,
    ...(remediate === true && { remediate }),
    profiles: profileIds.filter((id) => profiles.includes(id)),
    waivers: waivers.toSorted((one, other) => byCodeUnits(one.check, other.check)),
  };
}
