import type { HttpRequest } from './operation.ts';

/** The query of a request, and which of its names are there more than once: which value was meant nobody knows. */
export function readQuery(pairs: URLSearchParams): Pick<HttpRequest, 'query' | 'repeated'> {
  const names = [...pairs.keys()];
  const repeated = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  // Without a prototype: a parameter may be called `__proto__`.
  const query: Record<string, string> = Object.assign(Object.create(null), Object.fromEntries(pairs));
  return { query, ...(repeated.length === 0 ? {} : { repeated }) };
}
