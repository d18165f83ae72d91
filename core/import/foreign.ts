import type { FieldPath } from '../spec/field-path.ts';

/** A value of a foreign document, with its place there. */
export interface Foreign {
  readonly path: FieldPath;
  readonly value: unknown;
  readonly parent?: Foreign;
}

/** Bounds of a document: what is beyond them is no description of an image, and a report of it would help nobody. */
export const documentLimits = { depth: 32, values: 20_000 } as const;

const isHolder = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** What an object or a list holds, in its order; own members alone. */
export function childrenOf(node: Foreign): Foreign[] {
  const { value, path } = node;
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => ({ path: [...path, index], value: item, parent: node }));
  }
  if (!isHolder(value)) return [];
  return Object.entries(value).map(([key, member]) => ({ path: [...path, key], value: member, parent: node }));
}

/** A member of an object; undefined where it has none of the name, or is no object. */
export function memberOf(node: Foreign | undefined, name: string): Foreign | undefined {
  if (node === undefined || !isHolder(node.value) || Array.isArray(node.value)) return undefined;
  if (!Object.hasOwn(node.value, name)) return undefined;
  return { path: [...node.path, name], value: Reflect.get(node.value, name), parent: node };
}

/** A text among the members of an object. */
export function textOf(node: Foreign | undefined, name: string): string | undefined {
  const value = memberOf(node, name)?.value;
  return typeof value === 'string' ? value : undefined;
}

/** The values in a value that hold no others: what a document says, each with its place. An empty list is one too. */
export function leavesOf(node: Foreign): Foreign[] {
  const leaves: Foreign[] = [];
  const open = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const children = childrenOf(next);
    if (children.length === 0) leaves.push(next);
    else open.push(...children.reverse());
  }
  return leaves;
}

/** Why a document is not read; undefined where it is. */
export function documentRefusal(document: unknown): string | undefined {
  if (!isHolder(document) || Array.isArray(document)) return 'it is no table of keys and values';
  let values = 0;
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: document, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    values += 1;
    if (values > documentLimits.values) return `it holds more than ${documentLimits.values} values`;
    if (next.depth > documentLimits.depth) return `it is nested deeper than ${documentLimits.depth} levels`;
    if (isHolder(next.value)) {
      for (const value of Object.values(next.value)) open.push({ value, depth: next.depth + 1 });
    }
  }
  return undefined;
}
