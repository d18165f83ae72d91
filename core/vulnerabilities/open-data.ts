import { sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Table } from '../ports/table.ts';
import { quoted } from '../text.ts';
import { type AdvisoryIndex, indexAdvisories } from './advisory-index.ts';
import { readDataRecord, type StoredData } from './data-record.ts';
import { installedSource } from './installed-source.ts';
import type { ScannedPackage } from './match.ts';
import { advisoriesPlace } from './places.ts';
import { advisoriesIn } from './stored-advisories.ts';

/** The vulnerability data of an installation as scans read it. What was read of a release is kept for the next scan. */
export interface OpenData {
  readonly data: StoredData;
  covers(release: string): boolean;
  /**
   * What it says of the packages of an image.
   * @throws EngineError vulnerabilities.no_data where it says nothing of the release, or its file is gone
   */
  indexFor(release: string, packages: readonly ScannedPackage[]): Promise<AdvisoryIndex>;
}

/** Opens the data; undefined where none was ever taken. */
export async function openData(ports: {
  readonly table: Pick<Table, 'get'>;
  readonly blobs: Pick<Blobs, 'get'>;
}): Promise<OpenData | undefined> {
  const data = (await readDataRecord(ports.table))?.record.data;
  if (data === undefined) return undefined;
  const { digest, takenAt, forms, skipped, releases } = data;
  const files = new Map(releases.map((entry) => [entry.release, entry]));
  const read = new Map<string, Promise<Uint8Array>>();
  const bytesOf = (release: string): Promise<Uint8Array> => {
    const known = read.get(release);
    if (known !== undefined) return known;
    const bytes = readRelease(ports.blobs, release, files.get(release));
    read.set(release, bytes);
    return bytes;
  };
  return {
    data,
    covers: (release) => files.has(release),
    indexFor: async (release, packages) => {
      const sources = new Set(packages.map((installed) => installedSource(installed).source));
      const advisories = advisoriesIn(await bytesOf(release), release, sources);
      const index = indexAdvisories({ advisories, releases: new Set(files.keys()), digest, takenAt, forms, skipped });
      return { ...index, data: { ...index.data, advisories: data.advisories } };
    },
  };
}

async function readRelease(
  blobs: Pick<Blobs, 'get'>,
  release: string,
  entry: StoredData['releases'][number] | undefined,
): Promise<Uint8Array> {
  if (entry === undefined) {
    throw new EngineError('vulnerabilities.no_data', `the vulnerability data says nothing of ${quoted(release)}`);
  }
  const bytes = await blobs.get(advisoriesPlace(release, entry.sha256));
  if (bytes !== undefined && sha256(bytes) === entry.sha256) return bytes;
  throw new EngineError(
    'vulnerabilities.no_data',
    `the vulnerability data of ${quoted(release)} is ${bytes === undefined ? 'gone from' : 'damaged in'} the store; the next run fetches it anew`,
  );
}
