import { utf8 } from '../json.ts';
import { byCodeUnits } from '../text.ts';
import type { NamedFile } from './built-image.ts';
import { type EvidenceFile, evidenceFile } from './evidence-file.ts';

/** Names of files that need no escape in any list of checksums, and lead out of no folder. */
export const plainFileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** The lines of `sha256sum`, which checks them with `-c`, sorted by name. */
export function checksumLines(files: readonly Pick<NamedFile, 'name' | 'sha256'>[]): string[] {
  return files
    .map(({ name, sha256: digest }) => `${digest}  ${name}`)
    .toSorted((a, b) => byCodeUnits(a.slice(66), b.slice(66)));
}

/** SHA256SUMS of artifacts and evidence; itself and the signature are not in it. */
export function checksumsFile(files: readonly Pick<NamedFile, 'name' | 'sha256'>[]): EvidenceFile {
  return evidenceFile(
    'checksums',
    utf8(
      checksumLines(files)
        .map((line) => `${line}\n`)
        .join(''),
    ),
  );
}
