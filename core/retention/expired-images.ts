import { findBuild } from '../builds/build-repository.ts';
import { listArtifacts } from '../builds/stage-repository.ts';
import { canonicalJson } from '../digest.ts';
import { outboxWrite } from '../events/outbox.ts';
import { toJsonObject } from '../json.ts';
import { type TablePage, type TableWrite, wrote } from '../ports/table.ts';
import { workOf } from '../sharing/work-of.ts';
import type { Finding, Look, LookContext } from './finding.ts';
import {
  findImage,
  type ImageRecord,
  imageUnchanged,
  imageWrite,
  type RetentionPorts,
  readImage,
  type StoredImage,
  subjectOf,
} from './image.ts';
import { imagePlace, keptImages } from './places.ts';
import { expiryOf, groupOf, type RetentionPolicy, selects } from './policy.ts';
import { type RetentionBook, readBook } from './policy-repository.ts';
import { forgetStale, readProtections } from './protection.ts';
import { bytesOf, theBuild, trashWrites } from './trash.ts';

const dayMilliseconds = 86_400_000;

/** What the policies of a tenant say of an image, given how many newer ones each keeps of its group. */
export interface Verdict {
  /** Names of the policies by which it goes now. */
  readonly due: readonly RetentionPolicy[];
  /** When the first would have it go; undefined: none would, or one keeps it whatever others say. */
  readonly at?: Date;
}

/** Decides about an image: without effect, so that a dry run decides as a run does. */
export function judgeImage(
  image: ImageRecord,
  policies: readonly RetentionPolicy[],
  newer: (policy: RetentionPolicy) => number,
  { now, trashDays }: { readonly now: Date; readonly trashDays: number },
): Verdict {
  const own = policies.filter(({ select }) => selects(select, image));
  if (own.some(({ expire }) => expire === null)) return { due: [] };
  // Who takes it out of the trash has as long again to say that it stays.
  const stays = image.restoredAt === undefined ? 0 : Date.parse(image.restoredAt) + trashDays * dayMilliseconds;
  const dates = own.flatMap((policy) => {
    const at = policy.expire === null ? undefined : expiryOf(policy.expire, image, newer(policy));
    return at === undefined ? [] : [{ policy, at: new Date(Math.max(at.getTime(), stays)) }];
  });
  const at = dates.map((date) => date.at).sort((a, b) => a.getTime() - b.getTime())[0];
  const due = dates.filter((date) => date.at <= now).map(({ policy }) => policy);
  return at === undefined ? { due } : { due, at };
}

/**
 * The images of a tenant that its policies have go now, the newest first: what is kept of these counts among the newest of
 * what follows. The list may lag, so that each removal looks anew and is conditional on all that it was decided by: the
 * image, the policies, what protects it, and the newer ones that are kept.
 */
export async function lookForExpired(
  ports: RetentionPorts,
  tenantId: string,
  { now, most }: Pick<LookContext, 'now' | 'most'>,
): Promise<Look> {
  const book = await readBook(ports.table, tenantId);
  const findings: Finding[] = [];
  const chores: (() => Promise<void>)[] = [];
  const kept = new Map<string, ImageRecord[]>();
  const keptBy = (policy: RetentionPolicy, image: ImageRecord): ImageRecord[] => {
    const group = policy.expire === null ? '' : groupOf(policy.expire, image);
    const name = `${policy.name} ${group}`;
    const list = kept.get(name) ?? [];
    kept.set(name, list);
    return list;
  };
  for await (const listed of keptImagesOf(ports, tenantId)) {
    const stored = await counted(ports, listed, chores);
    if (stored === undefined) continue;
    const { image } = stored;
    const { due, at } = judgeImage(image, book.policies, (policy) => keptBy(policy, image).length, {
      ...{ now, trashDays: book.trashDays },
    });
    const goes = due.length > 0 && (await isFree(ports, image.buildId, chores));
    if (goes && findings.length >= most) return { findings, chores, more: true };
    if (goes) {
      const witnesses = witnessesOf(due, (policy) => keptBy(policy, image));
      findings.push(findingOf(ports, { image, book, due, witnesses }));
      continue;
    }
    for (const policy of book.policies) if (selects(policy.select, image)) keptBy(policy, image).push(image);
    if (due.length === 0) chores.push(...noticeOf(ports, stored, book, at, now));
  }
  return { findings, chores };
}

/** The newer images by which the first policy that has one go would not have had it go. */
function witnessesOf(
  due: readonly RetentionPolicy[],
  keptBy: (policy: RetentionPolicy) => readonly ImageRecord[],
): readonly ImageRecord[] {
  const counts = due.map((policy) => keptBy(policy).slice(0, policy.expire?.beyondNewest ?? 0));
  return counts.sort((a, b) => a.length - b.length)[0] ?? [];
}

async function isFree({ table }: RetentionPorts, buildId: string, chores: (() => Promise<void>)[]): Promise<boolean> {
  const build = await findBuild(table, buildId);
  if (build === undefined) return false;
  const found = await readProtections(table, build.value);
  if (found.stale.length > 0) chores.push(() => forgetStale(table, found));
  return found.protections.length === 0;
}

interface Expired {
  readonly image: ImageRecord;
  readonly book: RetentionBook;
  readonly due: readonly RetentionPolicy[];
  readonly witnesses: readonly ImageRecord[];
}

function findingOf(ports: RetentionPorts, { image, book, due, witnesses }: Expired): Finding {
  const { buildId, tenantId, bytes } = image;
  const policies = due.map(({ name }) => name);
  return {
    ...{ what: buildId, tenantId, why: policies },
    ...(bytes === undefined ? {} : { bytes }),
    async remove() {
      const stored = await findImage(ports.table, buildId);
      if (stored === undefined || judged(stored.image) !== judged(image)) return false;
      const checks: TableWrite[] = [];
      for (const newer of witnesses) {
        const witness = await findImage(ports.table, newer.buildId);
        if (witness === undefined || judged(witness.image) !== judged(newer)) return false;
        checks.push(imageUnchanged(newer.buildId, witness.version));
      }
      const { protections, unchanged } = await readProtections(ports.table, await theBuild(ports.table, buildId));
      if (protections.length > 0) return false;
      const counted = { ...stored, image: { ...stored.image, ...(bytes === undefined ? {} : { bytes }) } };
      const { writes } = trashWrites(ports, { tenantId }, counted, { trashDays: book.trashDays, policies });
      return wrote(ports.table, [...writes, ...unchanged, book.unchanged, ...checks]);
    },
  };
}

/** All of an image that a decision may be by. */
function judged(image: ImageRecord): string {
  const { bytes: _, toldExpiresAt: __, ...rest } = image;
  return canonicalJson(toJsonObject(rest));
}

async function* keptImagesOf({ table }: RetentionPorts, tenantId: string): AsyncGenerator<StoredImage> {
  const { partition } = keptImages(tenantId, '', '');
  let cursor: string | undefined;
  do {
    const page: TablePage = await table.query({
      ...{ index: 'byTenant', partition, descending: true, limit: 500 },
      ...(cursor === undefined ? {} : { cursor }),
    });
    yield* page.records.map(readImage);
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** An image with the bytes of its files; undefined where it has none, and is no image. */
async function counted(
  { table }: RetentionPorts,
  stored: StoredImage,
  chores: (() => Promise<void>)[],
): Promise<StoredImage | undefined> {
  const { image, version } = stored;
  if (image.bytes !== undefined || version === undefined) return stored;
  const build = await findBuild(table, image.buildId);
  const artifacts = build === undefined ? [] : await listArtifacts(table, workOf(build.value));
  if (artifacts.length === 0) {
    const key = imagePlace(image.buildId);
    chores.push(
      async () => void (await wrote(table, [{ kind: 'delete', key, condition: { kind: 'version', version } }])),
    );
    return undefined;
  }
  const whole = { ...image, bytes: bytesOf(artifacts) };
  chores.push(async () => void (await wrote(table, [imageWrite(whole, version)])));
  return { image: whole, version };
}

/** Of two moments that are so near, in milliseconds, one is not told anew: downloads are noted to within an hour. */
const sameMoment = 3_600_000;

/** Tells some days before that an image expires, once; where it has come to expire at another time, once more. */
function noticeOf(
  ports: RetentionPorts,
  { image }: StoredImage,
  { noticeDays }: RetentionBook,
  at: Date | undefined,
  now: Date,
): (() => Promise<void>)[] {
  const soon = at !== undefined && at.getTime() <= now.getTime() + noticeDays * dayMilliseconds;
  if (at === undefined || !soon || noticeDays === 0) return [];
  const expiresAt = at.toISOString();
  const told = image.toldExpiresAt === undefined ? undefined : Date.parse(image.toldExpiresAt) - at.getTime();
  if (told !== undefined && told >= 0 && told < sameMoment) return [];
  const { buildId, tenantId } = image;
  return [
    async () => {
      const stored = await findImage(ports.table, buildId);
      if (stored === undefined || judged(stored.image) !== judged(image)) return;
      await wrote(ports.table, [
        imageWrite({ ...stored.image, toldExpiresAt: expiresAt }, stored.version),
        outboxWrite(ports, 'artifact.expiring', tenantId, { ...subjectOf(image), expiresAt }),
      ]);
    },
  ];
}
