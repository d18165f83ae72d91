import { z } from 'zod';
import { waiverFields } from '../compliance/waiver.ts';
import { patternText } from '../spec/refusal.ts';
import { byCodeUnits, quoted } from '../text.ts';
import { vulnerabilityLimits as limits } from './limits.ts';

/** Severities that a gate may have as its threshold, the worst first. */
export const thresholds = ['critical', 'high', 'medium', 'low'] as const;
export type Threshold = (typeof thresholds)[number];

const waiverSchema = z
  .strictObject({
    advisory: patternText({
      pattern: /^[A-Z][A-Z0-9]*(?:-[A-Za-z0-9]+)+$/,
      maxLength: limits.idLength,
      what: 'the id of an advisory',
      remedy: 'Give it as a scan shows it, such as CVE-2026-12345.',
    }).describe('Id of the advisory, as a scan shows it: mostly a CVE id.'),
    package: patternText({
      pattern: /^[a-z0-9][a-z0-9+.-]+$/,
      maxLength: limits.nameLength,
      what: 'the name of a source package',
      remedy: 'Give the source package as a scan shows it, such as openssl and not libssl3.',
    })
      .optional()
      .describe('Source package that it is waived in. Absent: in every one.'),
    ...waiverFields,
  })
  .describe('A waiver.');
export type Waiver = Readonly<z.output<typeof waiverSchema>>;

const waivedThing = ({ advisory, package: source }: Pick<Waiver, 'advisory' | 'package'>): string =>
  source === undefined ? advisory : `${advisory} in ${source}`;

/** Which vulnerabilities an image may have: the section `vulnerabilities` of a spec. */
export const vulnerabilityPolicySchema = z
  .strictObject({
    failOn: z
      .enum(thresholds)
      .optional()
      .describe('A vulnerability of this severity or a worse one fails the gate. Absent: they are reported only.'),
    onlyFixed: z
      .boolean()
      .default(false)
      .describe('Only vulnerabilities that have a fix in the release fail the gate.'),
    waivers: z
      .array(waiverSchema)
      .max(limits.waivers)
      .default([])
      .check((context) => {
        const first = new Map<string, number>();
        for (const [index, waiver] of context.value.entries()) {
          const thing = waivedThing(waiver);
          const earlier = first.get(thing);
          if (earlier === undefined) first.set(thing, index);
          else {
            context.issues.push({
              ...{ code: 'custom', input: waiver, path: [index, 'advisory'] },
              message: `${quoted(thing)} is already waived in waivers[${earlier}]`,
              params: { code: 'spec.duplicate_name', remedy: 'Keep one of them.' },
            });
          }
        }
      })
      .describe('Vulnerabilities that do not fail the gate for now.'),
  })
  .describe('Which vulnerabilities the image may have.');
export type VulnerabilityPolicy = Readonly<z.output<typeof vulnerabilityPolicySchema>>;

/** A policy in one form: waivers by what they waive. */
export function resolveVulnerabilities({
  waivers,
  ...rest
}: VulnerabilityPolicy): z.output<typeof vulnerabilityPolicySchema> {
  return { ...rest, waivers: waivers.toSorted((one, other) => byCodeUnits(waivedThing(one), waivedThing(other))) };
}
