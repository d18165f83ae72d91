import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createVulnerabilityMirror } from '../../adapters/mirror/vulnerability-mirror.ts';
import type { VulnerabilityMirror } from '../../core/ports/vulnerability-mirror.ts';

/** A mirror of vulnerability data in a folder of its own, read as one machine reads it. */
export interface MirrorFolder {
  readonly mirror: VulnerabilityMirror;
  /** Writes its one file: a value as JSON, or text as it is. */
  write(content: unknown): void;
  remove(): void;
}

export function openMirrorFolder(content?: unknown): MirrorFolder {
  const directory = mkdtempSync(join(tmpdir(), 'lbuild-mirror-'));
  const file = join(directory, 'tracker.json');
  const write = (value: unknown) => writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  if (content !== undefined) write(content);
  return {
    mirror: createVulnerabilityMirror({ sources: [pathToFileURL(file).href] }),
    write,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** A file of the Debian tracker of one release: what it says of each id, by source package. */
export const trackerFile = (sources: Readonly<Record<string, Readonly<Record<string, object>>>>, release = 'trixie') =>
  Object.fromEntries(
    Object.entries(sources).map(([source, issues]) => [
      source,
      Object.fromEntries(Object.entries(issues).map(([id, entry]) => [id, { releases: { [release]: entry } }])),
    ]),
  );
