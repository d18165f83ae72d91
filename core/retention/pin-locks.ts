import { z } from 'zod';
import type { Table } from '../ports/table.ts';
import { bodyPlace, bodyPrefix, templateNamePlace } from '../templates/places.ts';
import { templateBodySchema } from '../templates/template-record.ts';
import { lockPinPlace } from './places.ts';
import { allOf } from './protection.ts';
import { lockNamed, lockPinWrites } from './references.ts';

/** Templates that one call looks at, of 100 versions each at most. */
const templatesAtOnce = 25;

const namedSchema = z.looseObject({ templateId: z.string() });

/**
 * Has versions of a tenant's templates that were published before they did so themselves protect the builds whose locks
 * they name: some templates a call. Safe to repeat.
 * @param cursor as the call before gave it
 * @returns where the next call goes on; undefined where there is no more
 */
export async function pinLocks(
  table: Table,
  tenantId: string,
  cursor: string | undefined,
): Promise<string | undefined> {
  const { partition } = templateNamePlace(tenantId, '');
  const page = await table.query({ partition, limit: templatesAtOnce, ...(cursor === undefined ? {} : { cursor }) });
  for (const { data } of page.records) {
    const { templateId } = namedSchema.parse(data);
    for await (const body of allOf(table, bodyPlace(templateId, 0).partition, bodyPrefix)) {
      const { spec } = templateBodySchema.parse(body.data);
      const lock = lockNamed(spec);
      if (lock === undefined || (await table.get(lockPinPlace(tenantId, lock, templateId))) !== undefined) continue;
      await table.transact(lockPinWrites(tenantId, templateId, spec));
    }
  }
  return page.cursor;
}
