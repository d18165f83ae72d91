import type { Operation } from './operation.ts';

/** A path that an operation is reached at, as a pattern whose groups are the parameters in order. */
interface Route {
  readonly operation: Operation;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

export type RouteMatch =
  | { readonly kind: 'found'; readonly operation: Operation; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'method'; readonly allow: readonly string[] }
  | { readonly kind: 'none' };

/** Finds the operation of a method and path. A literal path goes before one with parameters. */
export interface RouteTable {
  match(method: string, path: string): RouteMatch;
}

/**
 * Makes the table of routes.
 * @throws Error where two operations share an id, or a method and a path: a mistake in the code.
 */
export function createRouteTable(operations: readonly Operation[]): RouteTable {
  const ids = new Set<string>();
  const shapes = new Set<string>();
  const routes: Route[] = [];
  for (const operation of operations) {
    if (ids.has(operation.id)) throw new Error(`two operations are called ${operation.id}`);
    ids.add(operation.id);
    for (const path of [operation.path, ...(operation.aliases ?? [])]) {
      const shape = `${operation.method} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`;
      if (shapes.has(shape)) throw new Error(`two operations are at ${shape}`);
      shapes.add(shape);
      routes.push({ operation, ...patternOf(path) });
    }
  }
  routes.sort((a, b) => a.names.length - b.names.length);
  return {
    match(method, path) {
      const here = routes.flatMap((route) => {
        const found = route.pattern.exec(path);
        const params = found === null ? undefined : decodeParams(route.names, found.slice(1));
        return params === undefined ? [] : [{ route, params }];
      });
      const match = here.find(({ route }) => route.operation.method === method);
      if (match !== undefined) return { kind: 'found', operation: match.route.operation, params: match.params };
      if (here.length === 0) return { kind: 'none' };
      return { kind: 'method', allow: [...new Set(here.map(({ route }) => route.operation.method))].sort() };
    },
  };
}

function patternOf(path: string): { readonly pattern: RegExp; readonly names: readonly string[] } {
  const names: string[] = [];
  const text = path
    .split(/(\{[^}]+\})/)
    .map((part) => {
      if (!part.startsWith('{')) return part.replaceAll(/[^A-Za-z0-9_/-]/g, '\\$&');
      names.push(part.slice(1, -1));
      return '([^/:]+)';
    })
    .join('');
  return { pattern: new RegExp(`^${text}$`), names };
}

function decodeParams(names: readonly string[], values: readonly string[]): Record<string, string> | undefined {
  try {
    return Object.fromEntries(names.map((name, position) => [name, decodeURIComponent(values[position] ?? '')]));
  } catch {
    return undefined;
  }
}
