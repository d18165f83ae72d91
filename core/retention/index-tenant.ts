import { z } from 'zod';
import { readBuild } from '../builds/build-repository.ts';
import { listEvidence } from '../builds/evidence-record.ts';
import { tenantBuildsIndex } from '../builds/keys.ts';
import { isTerminal } from '../builds/lifecycle.ts';
import { listArtifacts } from '../builds/stage-repository.ts';
import { listTestFiles } from '../builds/test-evidence.ts';
import type { Table } from '../ports/table.ts';
import { workOf } from '../sharing/work-of.ts';
import { useContent } from './content.ts';
import { findImage, imageWrite, keepsArtifacts, newImage, wrote } from './image.ts';
import { indexedPlace, sharedPlace } from './places.ts';

const indexedSchema = z.strictObject({ complete: z.boolean(), cursor: z.string().exactOptional() });

/** Builds that one call looks at. */
const buildsAtOnce = 500;

/** Whether all builds of a tenant have said what bytes they stand on. */
export async function isIndexed(table: Table, tenantId: string): Promise<boolean> {
  const stored = await table.get(indexedPlace(tenantId));
  return stored !== undefined && indexedSchema.parse(stored.data).complete;
}

/**
 * Writes down, of builds from before this was done with each, what is stored of them and what bytes they stand on: some
 * builds a call, each tenant once. What is built meanwhile says so itself. Safe to repeat and to be cut short.
 * @returns whether it is done
 */
export async function indexTenant(table: Table, tenantId: string): Promise<boolean> {
  const key = indexedPlace(tenantId);
  const stored = await table.get(key);
  const before = stored === undefined ? { complete: false } : indexedSchema.parse(stored.data);
  if (before.complete) return true;
  const { partition } = tenantBuildsIndex(tenantId, '');
  const page = await table.query({
    ...{ index: 'byTenant', partition, limit: buildsAtOnce },
    ...('cursor' in before && before.cursor !== undefined ? { cursor: before.cursor } : {}),
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
    if (!told || !proven) return false;
  }
  for (const record of page.records) {
    const build = readBuild(record).value;
    const isImage = isTerminal(build.state) && keepsArtifacts(build) && build.startedAt !== undefined;
    if (isImage && (await findImage(table, build.id)) === undefined) {
      await wrote(table, [imageWrite(newImage(build), undefined)]);
    }
  }
  const after = page.cursor === undefined ? { complete: true } : { complete: false, cursor: page.cursor };
  await table.transact([{ kind: 'put', key, data: after }]);
  return after.complete;
}
