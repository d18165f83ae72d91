import { z } from 'zod';
import { utf8 } from '../json.ts';
import { type EvidenceFile, evidenceFile } from './evidence-file.ts';
import type { InstalledPackage } from './installed-packages.ts';

/** A line of the package list. */
export const packageLineSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  source: z.string().optional(),
  sourceVersion: z.string().optional(),
});

/** The installed packages, one JSON document a line, sorted by name and architecture. */
export function packageListFile(packages: readonly InstalledPackage[]): EvidenceFile {
  const lines = packages.map(({ name, version, architecture, source, sourceVersion }) =>
    JSON.stringify({ name, version, architecture, source, sourceVersion }),
  );
  return evidenceFile('packages', utf8(lines.map((line) => `${line}\n`).join('')));
}
