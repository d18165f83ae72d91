import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { permissions } from '../../../core/access/permissions.ts';
import type { Principal } from '../../../core/access/principal.ts';
import { architectures, outputTypes } from '../../../core/spec/releases.ts';
import { countsOf } from '../../../core/templates/counts.ts';
import { builtPlace } from '../../../core/templates/places.ts';
import { listReviews, removeReview, setReview } from '../../../core/templates/reviews.ts';
import { templateContentSchema, versionContentSchema } from '../../../core/templates/template-record.ts';
import { createTemplate } from '../../../core/templates/template-repository.ts';
import type { TemplatePorts } from '../../../core/templates/template-writes.ts';

const clock = createSystemClock();
const table = openSqliteTable({ file: ':memory:', clock });
const ports: TemplatePorts = {
  ...{ table, clock, ids: createIds(clock), presets: [] },
  installation: { architectures, outputs: outputTypes },
};

const member = (tenantId: string, memberId: string): Principal => ({
  ...{ tenantId, memberId, keyId: 'key_1', requestId: 'req_1', grants: new Set(), teamGrants: new Map() },
  permissions: new Set(permissions),
});
const members = [1, 2, 3].flatMap((one) => [member('ten_1', `mem_${one}`), member('ten_2', `mem_${one}`)]);
const [author = member('ten_1', 'mem_1')] = members;

let made = 0;
async function publicTemplate() {
  made += 1;
  const content = {
    ...templateContentSchema.parse({ name: `t${made}`, visibility: 'public' }),
    ...versionContentSchema.parse({ spec: {} }),
  };
  // Each in a tenant of its own: a tenant has no more than 500.
  return createTemplate(ports, { ...author, tenantId: `ten_a${made}` }, content, () => []);
}

async function built(id: string, { tenantId, memberId }: Principal): Promise<void> {
  await table.transact([
    { kind: 'put', key: builtPlace(id, tenantId, memberId), data: { buildId: 'bld_1', version: 1 } },
  ]);
}

describe('reviews', () => {
  afterAll(() => table.close());

  it('are counted exactly, whoever says, changes and takes back what', async () => {
    const action = fc.record({
      by: fc.nat(members.length - 1),
      rating: fc.option(fc.integer({ min: 1, max: 5 }), { freq: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 12 }), async (actions) => {
        const template = await publicTemplate();
        const expected = new Map<number, number>();
        for (const one of members) await built(template.id, one);
        for (const { by, rating } of actions) {
          const who = members[by] ?? author;
          if (rating === null) {
            const taken = removeReview(ports, who, template.id);
            if (expected.has(by)) await taken;
            else await expect(taken).rejects.toMatchObject({ code: 'review.not_found' });
            expected.delete(by);
          } else {
            const { created } = await setReview(ports, who, template.id, { rating, text: 'fine' });
            expect(created).toBe(!expected.has(by));
            expected.set(by, rating);
          }
        }
        const [counts, { reviews }] = await Promise.all([
          countsOf(table, template.id),
          listReviews(ports, template, { limit: 100 }),
        ]);
        const ratings = [...expected.values()];
        expect(reviews.map(({ rating }) => rating).sort()).toEqual(ratings.toSorted());
        expect(counts).toMatchObject({
          reviews: ratings.length,
          stars: ratings.reduce((sum, rating) => sum + rating, 0),
          byRating: [1, 2, 3, 4, 5].map((rating) => ratings.filter((one) => one === rating).length),
        });
      }),
      { numRuns: 1_000 },
    );
  }, 120_000);

  it('are counted once where one member sends many at once', async () => {
    const template = await publicTemplate();
    await built(template.id, author);
    const ratings = [1, 2, 3, 4, 5, 5, 4, 3];
    await Promise.all(ratings.map((rating) => setReview(ports, author, template.id, { rating, text: '' })));
    const { reviews } = await listReviews(ports, template, { limit: 10 });
    expect(reviews).toHaveLength(1);
    expect(await countsOf(table, template.id)).toMatchObject({ reviews: 1, stars: reviews[0]?.rating });
  });

  it('come from who has built it, and from nobody else', async () => {
    const template = await publicTemplate();
    const [one = author, other = author] = members;
    await built(template.id, one);
    const refused = setReview(ports, other, template.id, { rating: 5, text: '' });
    await expect(refused).rejects.toMatchObject({ code: 'template.not_built', status: 403 });
    expect(await countsOf(table, template.id)).toMatchObject({ reviews: 0, stars: 0 });
  });
});
