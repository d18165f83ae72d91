import type { Table } from '../ports/table.ts';
import { countsPrefix, ratingPlace, templatePlace } from './places.ts';

export const ratings = [1, 2, 3, 4, 5] as const;

/** What is counted of a template, each in records of their own that change only in the transactions they count. */
export interface TemplateCounts {
  /** Builds that were submitted of it. */
  readonly uses: number;
  readonly forks: number;
  readonly reviews: number;
  /** Sum of the stars of all reviews. */
  readonly stars: number;
  /** Reviews by their stars, 1 to 5. */
  readonly byRating: readonly number[];
}

export async function countsOf(table: Table, templateId: string): Promise<TemplateCounts> {
  const { partition } = templatePlace(templateId);
  const { records } = await table.query({ partition, sortPrefix: countsPrefix, limit: 100 });
  const counts = new Map(records.map(({ key, counters }) => [key.sort, counters.count ?? 0]));
  const byRating = ratings.map((rating) => counts.get(ratingPlace(templateId, rating).sort) ?? 0);
  const uses = [...counts].filter(([sort]) => sort.startsWith(`${countsPrefix}uses#`));
  return {
    uses: uses.reduce((sum, [, count]) => sum + count, 0),
    forks: counts.get(`${countsPrefix}forks`) ?? 0,
    reviews: byRating.reduce((sum, count) => sum + count, 0),
    stars: byRating.reduce((sum, count, index) => sum + count * (index + 1), 0),
    byRating,
  };
}
