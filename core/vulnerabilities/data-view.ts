import { z } from 'zod';
import type { Ports } from '../ports/ports.ts';
import { type DataRecord, readDataRecord } from './data-record.ts';
import { dataForms } from './read-data.ts';

/** The vulnerability data of an installation as it is told. */
export const dataViewSchema = z
  .strictObject({
    configured: z.boolean().describe('Whether the operator names any data.'),
    checkedAt: z.string().optional().describe('When its sources were last read, or were tried.'),
    data: z
      .strictObject({
        digest: z.string().describe('SHA-256 over all files: other data has another.'),
        storedAt: z.string().describe('Since when it is in use.'),
        takenAt: z.string().describe('Newest date of any file.'),
        forms: z.array(z.enum(dataForms)),
        advisories: z.number().int().describe('Vulnerabilities in a source package of a release.'),
        releases: z.array(z.strictObject({ release: z.string(), advisories: z.number().int() })),
        skipped: z
          .strictObject({
            count: z.number().int(),
            examples: z.array(z.strictObject({ entry: z.string(), reason: z.string() })),
          })
          .describe('Entries that could not be read, the first of them with their reasons.'),
      })
      .optional()
      .describe('What scans are made with; absent: there is none yet.'),
    failure: z
      .strictObject({
        at: z.string(),
        code: z.string(),
        reason: z.string().optional().describe('For the operator: it names addresses.'),
        source: z.string().optional(),
      })
      .optional()
      .describe('Why nothing was taken over when the sources were last read; the data that there was stays in use.'),
    sources: z.array(z.string()).optional().describe('For the operator: where the data comes from.'),
  })
  .meta({ id: 'VulnerabilityData' });
export type DataView = z.infer<typeof dataViewSchema>;

/**
 * What there is.
 * @param options.withSources for the operator alone: addresses tell of the operator's network
 */
export async function dataView(
  { table, vulnerabilityMirror }: Pick<Ports, 'table' | 'vulnerabilityMirror'>,
  { withSources }: { readonly withSources: boolean },
): Promise<DataView> {
  const record = (await readDataRecord(table))?.record;
  return {
    configured: vulnerabilityMirror !== undefined,
    ...(record === undefined ? {} : viewOf(record, withSources)),
    ...(withSources && vulnerabilityMirror !== undefined ? { sources: [...vulnerabilityMirror.sources] } : {}),
  };
}

function viewOf({ checkedAt, data, failure }: DataRecord, withSources: boolean): Omit<DataView, 'configured'> {
  return {
    checkedAt,
    ...(data === undefined ? {} : { data: factsOf(data) }),
    ...(failure === undefined ? {} : { failure: withSources ? failure : { at: failure.at, code: failure.code } }),
  };
}

function factsOf({
  digest,
  storedAt,
  takenAt,
  forms,
  advisories,
  skipped,
  releases,
}: NonNullable<DataRecord['data']>): NonNullable<DataView['data']> {
  return {
    ...{ digest, storedAt, takenAt, forms, advisories, skipped },
    releases: releases.map(({ release, advisories: own }) => ({ release, advisories: own })),
  };
}
