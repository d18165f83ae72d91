import { findBuild } from '../builds/build-repository.ts';
import { isTerminal } from '../builds/lifecycle.ts';
import { artifactPlace, stagingPrefix } from '../builds/places.ts';
import { abandonedMilliseconds, readContentUse, removalSchema, removeContent } from './content.ts';
import type { CleanupPorts, Finding, Look, LookContext } from './finding.ts';
import { isIndexed } from './index-tenant.ts';
import { contentRemovals } from './places.ts';
import { allOf } from './protection.ts';

/** What nobody has is left alone for a day: a build may just be about to write down that it has it. */
const graceMilliseconds = 86_400_000;

/** Pages of the store's list, 1,000 objects each on S3, that one look reads. */
const listedPages = 20;

const digestPattern = /^[0-9a-f]{64}$/;

/** Files in the artifacts' store on which no build stands, and removals of such that were cut short. */
export async function lookForObjects(ports: CleanupPorts, context: LookContext): Promise<Look> {
  const { now, most } = context;
  const findings: Finding[] = [];
  const before = new Date(now.getTime() - abandonedMilliseconds).toISOString();
  for await (const { data } of allOf(ports.table, contentRemovals('', '', '').partition, undefined, 'byState')) {
    const { at, tenantId, digest } = removalSchema.parse(data);
    if (at > before || findings.length >= most) break;
    findings.push(contentFinding(ports, tenantId, digest, { why: ['interrupted'] }));
  }
  const indexed = new Map<string, boolean>();
  const walked = await walk(ports, context, { bucket: 'artifacts', prefix: '' }, async (path) => {
    const [tenantId = '', digest = '', ...rest] = path.split('/');
    if (rest.length > 0 || !digestPattern.test(digest)) return undefined;
    if (!indexed.has(tenantId)) indexed.set(tenantId, await isIndexed(ports.table, tenantId));
    if (indexed.get(tenantId) !== true || (await readContentUse(ports.table, tenantId, digest)).used) return undefined;
    const info = await ports.blobs.head(artifactPlace(tenantId, digest));
    if (info === undefined || info.modifiedAt.getTime() + graceMilliseconds > now.getTime()) return undefined;
    return contentFinding(ports, tenantId, digest, { why: ['orphan'], bytes: info.size });
  });
  return { ...walked, findings: [...findings, ...walked.findings] };
}

function contentFinding(
  ports: CleanupPorts,
  tenantId: string,
  digest: string,
  told: Pick<Finding, 'why' | 'bytes'>,
): Finding {
  return {
    ...{ what: artifactPlace(tenantId, digest).path, tenantId, ...told },
    remove: async () => (await removeContent(ports, tenantId, digest)) === 'removed',
  };
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
  { blobs }: CleanupPorts,
  { position, most }: LookContext,
  { bucket, prefix }: { readonly bucket: 'work' | 'artifacts'; readonly prefix: string },
  look: (path: string) => Promise<Finding | undefined>,
): Promise<Look> {
  const findings: Finding[] = [];
  let at = position;
  for (let page = 0; page < listedPages; page += 1) {
    const listed = await blobs.list(bucket, prefix, at);
    for (const path of listed.paths) {
      const finding = await look(path);
      if (finding === undefined) continue;
      findings.push(finding);
      // The same page again: what was found of it is gone by then.
      if (findings.length >= most) return { findings, more: true, ...(at === undefined ? {} : { position: at }) };
    }
    at = listed.cursor;
    if (at === undefined) return { findings };
  }
  return { findings, more: true, ...(at === undefined ? {} : { position: at }) };
}
