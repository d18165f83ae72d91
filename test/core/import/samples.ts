import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readImportSource } from '../../../cli/import-source.ts';
import { type Import, type ImportKind, importDocument } from '../../../core/import/import-document.ts';
import type { ImportSettings } from '../../../core/import/rules.ts';

/** Files as people have them for other image builders, by their names; each was written for these tests. */
export const sampleFiles: readonly string[] = readdirSync(new URL('samples/', import.meta.url)).sort();

/** A hash that is none of any password, and tells nothing of the one that it stands for. */
export const testHash = `$2b$04$${'A'.repeat(53)}`;

/** Settings of a test: passwords are hashed at once, and gzip is none. */
export const testSettings: ImportSettings = {
  name: 'imported',
  hashPassword: (plain) => (plain.length > 72 ? undefined : testHash),
  gunzip: () => undefined,
};

export interface ImportedSample {
  readonly kind: ImportKind;
  readonly document: unknown;
  readonly imported: Import;
}

/** Reads a sample as the CLI does, and imports it. */
export async function importSample(name: string, settings: Partial<ImportSettings> = {}): Promise<ImportedSample> {
  const file = fileURLToPath(new URL(`samples/${name}`, import.meta.url));
  const { kind, document } = await readImportSource(file, undefined);
  return { kind, document, imported: importDocument(kind, document, { ...testSettings, ...settings }) };
}

/** The places of all that a document says: apart from the importer's own way of finding them. */
export function placesOf(value: unknown, path: readonly (string | number)[] = []): string[] {
  const members: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item: unknown, index) => [index, item])
    : typeof value === 'object' && value !== null
      ? Object.keys(value).map((key) => [key, Reflect.get(value, key)])
      : [];
  if (members.length === 0) return [JSON.stringify(path)];
  return members.flatMap(([key, member]) => placesOf(member, [...path, key]));
}
