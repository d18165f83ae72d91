import { z } from 'zod';
import { type CsvTable, csvText } from '../../core/billing/csv.ts';
import type { HttpRequest } from './operation.ts';

export const csvMediaType = 'text/csv';

/** The member of a query that asks for CSV, whatever the Accept header says. */
export const formatQuery = {
  format: z
    .enum(['json', 'csv'])
    .optional()
    .describe('csv: the answer is text/csv, as with `Accept: text/csv`; the next page is in its Link header.'),
};

/** Whether a request wants CSV: by its query, else by what it prefers of the two. */
export function wantsCsv({ query, headers }: Pick<HttpRequest, 'query' | 'headers'>): boolean {
  if (query.format !== undefined) return query.format === 'csv';
  const weights = new Map(
    (headers.accept ?? '').split(',').map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return [type, q === undefined ? 1 : Number(q)] as const;
    }),
  );
  const csv = weights.get(csvMediaType) ?? weights.get('text/*') ?? 0;
  return csv > 0 && csv > (weights.get('application/json') ?? weights.get('application/*') ?? 0);
}

/** Body and headers of an answer in CSV. @param cursor of the next page */
export function csvAnswer(
  table: CsvTable,
  request: Pick<HttpRequest, 'path' | 'query'>,
  cursor: unknown,
): { readonly body: string; readonly headers: Readonly<Record<string, string>> } {
  const link =
    typeof cursor === 'string'
      ? { link: `<${request.path}?${new URLSearchParams({ ...request.query, format: 'csv', cursor })}>; rel="next"` }
      : {};
  return {
    body: csvText(table),
    headers: { 'content-type': `${csvMediaType}; charset=utf-8; header=present`, vary: 'accept', ...link },
  };
}
