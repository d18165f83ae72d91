import { z } from 'zod';
import { countsSchema, verdicts } from './gate.ts';

/** What is kept of the scan at a build's end with the build. */
export const vulnerabilitySummarySchema = z
  .strictObject({
    at: z.iso.datetime().describe('When it was scanned.'),
    verdict: z.enum(verdicts).describe('What the gate of its spec says; `pass` without one.'),
    counts: countsSchema.describe('By severity.'),
    undetermined: z.int().min(0).describe('Findings of which nobody knows whether the package is affected.'),
    failing: z.int().min(0).describe('Findings that fail the gate.'),
    waived: z.int().min(0).describe('Findings with a waiver that holds.'),
    dataDigest: z.string().describe('Which data it was scanned with.'),
    dataTakenAt: z.iso.datetime().exactOptional().describe('Newest date of that.'),
  })
  .meta({ id: 'VulnerabilitySummary' });
export type VulnerabilitySummary = z.infer<typeof vulnerabilitySummarySchema>;
