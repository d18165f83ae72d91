import { dayAt } from '../billing/days.ts';
import { sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import { outboxWrite } from '../events/outbox.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { type Table, type TableWrite, wrote } from '../ports/table.ts';
import type { VulnerabilityMirror } from '../ports/vulnerability-mirror.ts';
import { installationOwner } from '../retention/places.ts';
import { byCodeUnits } from '../text.ts';
import { type DataRecord, dataRecordWrite, readDataRecord, type StoredData } from './data-record.ts';
import { type AdvisorySet, mergeAdvisories } from './merge.ts';
import { advisoriesPlace } from './places.ts';
import { readVulnerabilityData, type VulnerabilityData } from './read-data.ts';
import { advisoryLines } from './stored-advisories.ts';

export interface RefreshPorts {
  readonly table: Table;
  readonly blobs: Pick<Blobs, 'get' | 'put' | 'delete'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly vulnerabilityMirror?: VulnerabilityMirror;
}

/** What a run came to. `refused`: it keeps what there was, and says why. */
export type Refreshed =
  | { readonly outcome: 'not_configured' | 'unchanged' | 'overtaken' }
  | { readonly outcome: 'changed'; readonly digest: string }
  | { readonly outcome: 'refused'; readonly error: EngineError };

/**
 * Takes over what the operator's mirror has, if it is other data than there is: all of its files, or nothing. A file that
 * cannot be had or read leaves the earlier data in place, with the reason beside it. Safe to repeat, and to run twice at
 * once: one of them writes.
 */
export async function refreshData(ports: RefreshPorts): Promise<Refreshed> {
  const mirror = ports.vulnerabilityMirror;
  if (mirror === undefined) return { outcome: 'not_configured' };
  const stored = await readDataRecord(ports.table);
  const before = stored?.record ?? { checkedAt: ports.clock.now().toISOString(), replaced: [] };
  const checkedAt = ports.clock.now().toISOString();
  const save = async (record: DataRecord, more: Parameters<Table['transact']>[0] = []): Promise<boolean> =>
    wrote(ports.table, [dataRecordWrite(record, stored?.version), ...more]);
  try {
    const read = await readChanged(ports, mirror, before.data);
    if (read === undefined) {
      const { failure: _, ...whole } = before;
      // Waivers end with a day.
      const isNewDay = dayAt(Date.parse(before.checkedAt)) !== dayAt(Date.parse(checkedAt));
      const told = isNewDay ? rescanWrites(ports, before.data?.digest) : [];
      return { outcome: (await save({ ...whole, checkedAt }, told)) ? 'unchanged' : 'overtaken' };
    }
    const data = await storeData(ports, read);
    const replaced = (before.data?.releases ?? [])
      .filter((old) => !isNamed(data.releases, old))
      .map(({ release, sha256: digest }) => ({ release, sha256: digest }));
    const told = data.digest === before.data?.digest ? [] : rescanWrites(ports, data.digest);
    if (!(await save({ checkedAt, data, replaced }, told))) return { outcome: 'overtaken' };
    // A scan that began with the data before this may still read it; with that before it none does any more.
    const gone = before.replaced.filter((old) => !isNamed([...data.releases, ...replaced], old));
    for (const { release, sha256: digest } of gone) await ports.blobs.delete(advisoriesPlace(release, digest));
    return { outcome: 'changed', digest: data.digest };
  } catch (error) {
    const { source, cause } = error instanceof SourceRefused ? error : { source: undefined, cause: error };
    if (!(cause instanceof EngineError) || !cause.code.startsWith('vulnerabilities.')) throw cause;
    const failure = { at: checkedAt, code: cause.code, reason: cause.detail.slice(0, 1_000) };
    await save({ ...before, checkedAt, failure: source === undefined ? failure : { ...failure, source } });
    return { outcome: 'refused', error: cause };
  }
}

/** Has stored builds scanned, where that is due. */
const rescanWrites = (ports: RefreshPorts, dataDigest: string | undefined): TableWrite[] =>
  dataDigest === undefined ? [] : [outboxWrite(ports, 'vulnerabilities.rescan', installationOwner, { dataDigest })];

type Named = { readonly release: string; readonly sha256: string };
const isNamed = (list: readonly Named[], old: Named): boolean =>
  list.some((one) => one.release === old.release && one.sha256 === old.sha256);

/** What is wrong, and of which source. */
class SourceRefused extends Error {
  readonly source: string;
  constructor(source: string, cause: unknown) {
    super(`${source} is refused`, { cause });
    this.source = source;
  }
}

interface ReadFile {
  readonly source: string;
  readonly tag: string | undefined;
  readonly content: VulnerabilityData;
}

/**
 * All files, where any of them is not as it was; undefined where each is. What has not changed is read once more then:
 * nothing of it is kept but what it said of packages.
 */
async function readChanged(
  ports: RefreshPorts,
  mirror: VulnerabilityMirror,
  data: StoredData | undefined,
): Promise<readonly ReadFile[] | undefined> {
  const known = data !== undefined && (await isWhole(ports, mirror, data)) ? data.files : [];
  const read: ReadFile[] = [];
  const same: string[] = [];
  for (const source of mirror.sources) {
    const before = known.find((file) => file.source === source);
    const found = await readSource(ports, mirror, source, before);
    if (found === undefined) same.push(source);
    else read.push(found);
  }
  if (read.length === 0) return undefined;
  for (const source of same) {
    const found = await readSource(ports, mirror, source, undefined);
    if (found !== undefined) read.push(found);
  }
  return read;
}

/** Whether the data is of just these sources, and none of its files is missing or other bytes. */
async function isWhole(ports: RefreshPorts, mirror: VulnerabilityMirror, data: StoredData): Promise<boolean> {
  const sources = data.files.map(({ source }) => source);
  if (sources.toSorted(byCodeUnits).join('\n') !== mirror.sources.toSorted(byCodeUnits).join('\n')) return false;
  for (const { release, sha256: digest } of data.releases) {
    const bytes = await ports.blobs.get(advisoriesPlace(release, digest));
    if (bytes === undefined || sha256(bytes) !== digest) return false;
  }
  return true;
}

/** @returns undefined where it is as it was before */
async function readSource(
  ports: RefreshPorts,
  mirror: VulnerabilityMirror,
  source: string,
  before: StoredData['files'][number] | undefined,
): Promise<ReadFile | undefined> {
  try {
    const file = await mirror.read(source, before?.tag);
    if (file === 'unchanged' || sha256(file.bytes) === before?.sha256) return undefined;
    return { source, tag: file.tag, content: readVulnerabilityData(file.bytes, { takenAt: ports.clock.now() }) };
  } catch (error) {
    throw new SourceRefused(source, error);
  }
}

/** Stores what files say, by release. @throws EngineError vulnerabilities.data_unreadable of nothing that is built here */
async function storeData(ports: RefreshPorts, files: readonly ReadFile[]): Promise<StoredData> {
  const set = mergeAdvisories(files.map(({ content }) => content));
  if (set.releases.size === 0) {
    throw new EngineError('vulnerabilities.data_unreadable', 'the files say nothing of any release that is built here');
  }
  const releases: StoredData['releases'] = [];
  for (const release of [...set.releases].sort(byCodeUnits)) releases.push(await storeRelease(ports, set, release));
  const now = ports.clock.now().toISOString();
  return {
    ...{ digest: set.digest, storedAt: now, takenAt: set.takenAt ?? now, forms: [...set.forms] },
    advisories: set.advisories.length,
    skipped: { count: set.skipped.count, examples: [...set.skipped.examples] },
    releases,
    files: files.map(({ source, tag, content }) => ({
      ...{ source, sha256: content.sha256 },
      ...(tag === undefined ? {} : { tag }),
    })),
  };
}

async function storeRelease(
  { blobs }: RefreshPorts,
  { advisories }: AdvisorySet,
  release: string,
): Promise<StoredData['releases'][number]> {
  const own = advisories.filter((advisory) => advisory.release === release);
  const bytes = advisoryLines(own);
  const digest = sha256(bytes);
  // Also where there is one: that may be damaged.
  await blobs.put(advisoriesPlace(release, digest), bytes, { contentType: 'application/x-ndjson' });
  return { release, advisories: own.length, sha256: digest };
}
