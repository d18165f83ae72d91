import { z } from 'zod';
import { readBuild } from '../builds/build-repository.ts';
import { listEvidence } from '../builds/evidence-record.ts';
import { tenantBuildsIndex } from '../builds/keys.ts';
import { isTerminal } from '../builds/lifecycle.ts';
import { listArtifacts } from '../builds/stage-repository.ts';
import { listTestFiles } from '../builds/test-evidence.ts';
import { type Table, wrote } from '../ports/table.ts';
import { workOf } from '../sharing/work-of.ts';
import { useContent } from './content.ts';
import { findImage, imageWrite, keepsArtifacts, newImage } from './image.ts';
import { pinLocks } from './pin-locks.ts';
import { indexedPlace, sharedPlace } from './places.ts';

const indexedSchema = z.strictObject({
  /** Of all builds it is known; `cursor` is how far that has come. */
  complete: z.boolean(),
  cursor: z.string().exactOptional(),
  /** Of all templates it is known; `templates` is how far that has come. */
  pinned: z.boolean().exactOptional(),
  templates: z.string().exactOptional(),
});
type Indexed = z.infer<typeof indexedSchema>;

/** Builds that one call looks at. */
const buildsAtOnce = 500;

/** Whether all builds of a tenant have said what bytes they stand on, and all its templates what locks they name. */
export async function isIndexed(table: Table, tenantId: string): Promise<boolean> {
  const { complete, pinned } = await readIndexed(table, tenantId);
  return complete && pinned === true;
}

async function readIndexed(table: Table, tenantId: string): Promise<Indexed> {
  const stored = await table.get(indexedPlace(tenantId));
  return stored === undefined ? { complete: false } : indexedSchema.parse(stored.data);
}

/**
 * Writes down, of templates and builds from before this was done with each, what locks they name, what is stored of them
 * and what bytes they stand on: some a call, each tenant once. What is made meanwhile says so itself. Nothing is removed
 * of a tenant until then. Safe to repeat and to be cut short.
 * @returns whether all is known; `stuck`: only later can it go on
 */
export async function indexTenant(table: Table, tenantId: string): Promise<'done' | 'more' | 'stuck'> {
  const before = await readIndexed(table, tenantId);
  const save = (after: Indexed) => table.transact([{ kind: 'put', key: indexedPlace(tenantId), data: after }]);
  if (before.pinned !== true) {
    const cursor = await pinLocks(table, tenantId, before.templates);
    const { templates: _, ...rest } = before;
    await save(cursor === undefined ? { ...rest, pinned: true } : { ...rest, templates: cursor });
    return cursor === undefined && before.complete ? 'done' : 'more';
  }
  if (before.complete) return 'done';
  const page = await indexBuilds(table, tenantId, before.cursor);
  if (page === undefined) return 'stuck';
  await save({ pinned: true, complete: page.cursor === undefined, ...page });
  return page.cursor === undefined ? 'done' : 'more';
}

/** Goes through some builds; undefined where bytes of theirs are just being removed. */
async function indexBuilds(
  table: Table,
  tenantId: string,
  cursor: string | undefined,
): Promise<{ readonly cursor?: string } | undefined> {
  const { partition } = tenantBuildsIndex(tenantId, '');
  const page = await table.query({
    ...{ index: 'byTenant', partition, limit: buildsAtOnce },
    ...(cursor === undefined ? {} : { cursor }),
  });
  for (const record of page.records) {
    const build = readBuild(record).value;
    const workId = workOf(build);
    if (build.sharesWith !== undefined) {
      await table.transact([{ kind: 'put', key: sharedPlace(workId, build.id), data: {} }]);
      continue;
    }
    const [artifacts, evidence, tests] = await Promise.all([
      listArtifacts(table, workId),
      listEvidence(table, workId),
      listTestFiles(table, workId),
    ]);
    const digestsOf = (files: readonly { readonly sha256: string }[]) => files.map(({ sha256 }) => sha256);
    const told = await useContent(table, { tenantId, workId, kind: 'artifact' }, digestsOf(artifacts));
    const proven = await useContent(table, { tenantId, workId, kind: 'evidence' }, digestsOf([...evidence, ...tests]));
    // What is just being removed no build of before says that it stands on: nothing is removed of a tenant until then.
    if (!told || !proven) return undefined;
  }
  for (const record of page.records) {
    const build = readBuild(record).value;
    const isImage = isTerminal(build.state) && keepsArtifacts(build) && build.startedAt !== undefined;
    if (isImage && (await findImage(table, build.id)) === undefined) {
      await wrote(table, [imageWrite(newImage(build), undefined)]);
    }
  }
  return page.cursor === undefined ? {} : { cursor: page.cursor };
}
