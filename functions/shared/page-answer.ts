import type { HttpRequest } from './operation.ts';

/** What a page is answered with beside what its operation says: browsers keep it and ask whether it is still the same. */
export const pageHeaders = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' } as const;

/** Whether the caller has what an entity tag names (RFC 9110, 13.1.2). */
export function isKnown(request: Pick<HttpRequest, 'headers'>, entityTag: string | undefined): boolean {
  const known = request.headers['if-none-match'];
  if (known === undefined || entityTag === undefined) return false;
  return known.split(',').some((tag) => ['*', entityTag].includes(tag.trim().replace(/^W\//, '')));
}
