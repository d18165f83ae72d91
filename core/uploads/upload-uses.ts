import { z } from 'zod';
import type { BuildRecord } from '../builds/build-record.ts';
import { specKey } from '../builds/keys.ts';
import { unfinishedBuilds } from '../cache/needed-results.ts';
import type { Sha256 } from '../digest.ts';
import type { Table } from '../ports/table.ts';

/** As much of a stored spec as names uploads. */
const namesSchema = z.object({ files: z.array(z.object({ upload: z.string().optional() })) });

/** A build that has not ended, and the digests of the uploads that its spec names. */
export interface UploadUse {
  readonly build: BuildRecord;
  readonly digests: readonly Sha256[];
}

/**
 * Every build that has not ended, with the uploads of its spec; one that moves on meanwhile may come twice.
 * @param tenantId builds of this tenant alone
 */
export async function* uploadUses(table: Table, tenantId?: string): AsyncGenerator<UploadUse> {
  for await (const build of unfinishedBuilds(table)) {
    if (tenantId !== undefined && build.tenantId !== tenantId) continue;
    const spec = namesSchema.safeParse((await table.get(specKey(build.id)))?.data);
    yield { build, digests: (spec.data?.files ?? []).flatMap(({ upload }) => (upload === undefined ? [] : [upload])) };
  }
}
