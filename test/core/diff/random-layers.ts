import fc from 'fast-check';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { sha256 } from '../../../core/digest.ts';

/** A tree as tests keep it: every path with its entry. */
export type PathMap = ReadonlyMap<string, LayerEntry>;

type Operation =
  | { readonly kind: 'remove'; readonly names: readonly string[] }
  | {
      readonly kind: 'put';
      readonly names: readonly string[];
      readonly type: 'file' | 'directory' | 'symlink';
      readonly content: number;
      readonly mode: number;
      readonly mtime: number;
    };

const names = fc.array(fc.constantFrom('a', 'a-b', 'b', 'c'), { minLength: 1, maxLength: 3 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), names }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      names,
      type: fc.constantFrom('file', 'directory', 'symlink'),
      content: fc.integer({ min: 0, max: 2 }),
      mode: fc.constantFrom(0o644, 0o755),
      mtime: fc.integer({ min: 1, max: 2 }),
    }),
  },
);

/** What the steps of a build do to its tree, one list a step. */
export const randomSteps = fc.array(fc.array(operation, { maxLength: 6 }), { maxLength: 4 });

/** The tree after each step, the empty one first. */
export function statesOf(steps: readonly (readonly Operation[])[], from: PathMap = new Map()): PathMap[] {
  const states = [from];
  for (const operations of steps) {
    const state = new Map(states.at(-1));
    for (const one of operations) apply(state, one);
    states.push(state);
  }
  return states;
}

function apply(state: Map<string, LayerEntry>, operation: Operation): void {
  const path = operation.names.join('/');
  if (operation.kind === 'remove') {
    remove(state, path);
    return;
  }
  for (let depth = 1; depth < operation.names.length; depth += 1) {
    const parent = operation.names.slice(0, depth).join('/');
    if (state.get(parent)?.type !== 'directory') state.set(parent, { path: parent, type: 'directory', mode: 0o755 });
  }
  const { type, content, mode, mtime } = operation;
  if (type !== 'directory') remove(state, path);
  const text = 'x'.repeat(content);
  state.set(path, {
    ...{ path, type, mode, uid: 0, gid: 0, mtime },
    ...(type === 'file' ? { size: content, digest: sha256(text) } : {}),
    ...(type === 'symlink' ? { target: `to/${text}` } : {}),
  });
}

function remove(state: Map<string, LayerEntry>, path: string): void {
  for (const other of [...state.keys()]) if (other === path || other.startsWith(`${path}/`)) state.delete(other);
}

/** The layer that makes one tree of another, as a builder captures it: sorted, whiteouts only where a folder stays. */
export function layerBetween(before: PathMap, after: PathMap): LayerEntry[] {
  const entries: LayerEntry[] = [];
  for (const [path, entry] of after) {
    const old = before.get(path);
    if (old === undefined || JSON.stringify(old) !== JSON.stringify(entry)) entries.push(entry);
  }
  for (const path of before.keys()) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (!after.has(path) && (parent === '' || after.get(parent)?.type === 'directory')) {
      entries.push({ path, type: 'whiteout' });
    }
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}
