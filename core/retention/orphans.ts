import { findBuild } from '../builds/build-repository.ts';
import { isTerminal } from '../builds/lifecycle.ts';
import { artifactPlace, stagingPrefix } from '../builds/places.ts';
import {
  abandonedMilliseconds,
  finishRemoval,
  forgetDead,
  readContentUse,
  removalSchema,
  removeContent,
} from './content.ts';
import type { CleanupPorts, Finding, Look, LookContext, LookFailure } from './finding.ts';
import { isIndexed } from './index-tenant.ts';
import { contentRemovalPlace, contentRemovals } from './places.ts';
import { allOf } from './protection.ts';

/** What nobody has is left alone for a day: a build may just be about to write down that it has it. */
const graceMilliseconds = 86_400_000;

/** Pages of the store's list, 1,000 objects each on S3, that one look reads. */
const listedPages = 20;
/** Milliseconds after which a look reads no further page: what it finds is to be removed in the same call. */
const looksWithin = 60_000;

const digestPattern = /^[0-9a-f]{64}$/;

/**
 * Removals of files in the artifacts' store that were cut short. Whoever makes the same bytes anew waits for them, so that
 * they are not left to the hourly run.
 */
export async function lookForInterrupted(ports: CleanupPorts, { now, most }: LookContext): Promise<Look> {
  const findings: Finding[] = [];
  const failures: LookFailure[] = [];
  const before = new Date(now.getTime() - abandonedMilliseconds).toISOString();
  for await (const { key, data } of allOf(ports.table, contentRemovals('', '', '').partition, undefined, 'byState')) {
    const read = removalSchema.safeParse(data);
    if (!read.success) {
      failures.push({ what: key.partition, error: read.error });
      continue;
    }
    const { at, tenantId, digest } = read.data;
    if (at > before) break;
    if (findings.length >= most) return { findings, failures, more: true };
    findings.push({
      ...{ what: artifactPlace(tenantId, digest).path, tenantId, why: ['interrupted'] },
      remove: async () => (await finishRemoval(ports, tenantId, digest)) === 'removed',
    });
  }
  return { findings, failures };
}

/** Files in the artifacts' store on which no build stands. */
export async function lookForObjects(ports: CleanupPorts, context: LookContext): Promise<Look> {
  const { now } = context;
  const indexed = new Map<string, boolean>();
  const chores: (() => Promise<void>)[] = [];
  const look = await walk(ports, context, { bucket: 'artifacts', prefix: '' }, async (path) => {
    const [tenantId = '', digest = '', ...rest] = path.split('/');
    if (rest.length > 0 || !digestPattern.test(digest)) return undefined;
    if (!indexed.has(tenantId)) indexed.set(tenantId, await isIndexed(ports.table, tenantId));
    if (indexed.get(tenantId) !== true) return undefined;
    const use = await readContentUse(ports.table, tenantId, digest);
    if (use.dead.length > 0) chores.push(() => forgetDead(ports.table, use));
    if (use.used) return undefined;
    const info = await ports.blobs.head(artifactPlace(tenantId, digest));
    if (info === undefined || info.modifiedAt.getTime() + graceMilliseconds > now.getTime()) return undefined;
    // Somebody removes it already, or will finish doing so.
    if ((await ports.table.get(contentRemovalPlace(tenantId, digest))) !== undefined) return undefined;
    return {
      ...{ what: path, tenantId, why: ['orphan'], bytes: info.size },
      remove: async () => (await removeContent(ports, tenantId, digest)) === 'removed',
    };
  });
  return { ...look, chores };
}

/** What builders stored of attempts whose build is over since a day, or is none. */
export async function lookForStaging(ports: CleanupPorts, context: LookContext): Promise<Look> {
  const { now } = context;
  const over = new Map<string, boolean>();
  return walk(ports, context, { bucket: 'work', prefix: stagingPrefix }, async (path) => {
    const buildId = path.slice(stagingPrefix.length).split('/')[0] ?? '';
    if (!over.has(buildId)) over.set(buildId, await isOver(ports, buildId, now));
    if (over.get(buildId) !== true) return undefined;
    const place = { bucket: 'work', path } as const;
    const info = await ports.blobs.head(place);
    if (info === undefined || info.modifiedAt.getTime() + graceMilliseconds > now.getTime()) return undefined;
    return {
      ...{ what: path, why: ['abandoned'], bytes: info.size },
      async remove() {
        await ports.blobs.delete(place);
        return true;
      },
    };
  });
}

/** A build that is over is so for good, and nobody reads what lies in staging of it a day later. */
async function isOver({ table }: CleanupPorts, buildId: string, now: Date): Promise<boolean> {
  const build = (await findBuild(table, buildId))?.value;
  if (build === undefined) return true;
  return isTerminal(build.state) && Date.parse(build.endedAt ?? build.submittedAt) + graceMilliseconds <= now.getTime();
}

/** Goes through a part of a store, from where the look before stopped. */
async function walk(
  { blobs, clock }: CleanupPorts,
  { position, most }: LookContext,
  { bucket, prefix }: { readonly bucket: 'work' | 'artifacts'; readonly prefix: string },
  look: (path: string) => Promise<Finding | undefined>,
): Promise<Look> {
  const findings: Finding[] = [];
  const failures: LookFailure[] = [];
  let at = position;
  const began = clock.now().getTime();
  for (let page = 0; page < listedPages && clock.now().getTime() - began < looksWithin; page += 1) {
    const listed = await blobs.list(bucket, prefix, at);
    for (const path of listed.paths) {
      let finding: Finding | undefined;
      try {
        finding = await look(path);
      } catch (error) {
        failures.push({ what: path, error });
      }
      if (finding === undefined) continue;
      findings.push(finding);
      // The same page again: what was found of it is gone by then.
      if (findings.length >= most) {
        return { findings, failures, more: true, ...(at === undefined ? {} : { position: at }) };
      }
    }
    at = listed.cursor;
    if (at === undefined) return { findings, failures };
  }
  return { findings, failures, more: true, ...(at === undefined ? {} : { position: at }) };
}
