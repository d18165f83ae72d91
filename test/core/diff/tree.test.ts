import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { type FileChange, isTimeOnly, visitChanges } from '../../../core/diff/file-changes.ts';
import { nodeAt, TreeDraft, type TreeNode, treeTotals } from '../../../core/diff/tree.ts';
import { layerBetween, type PathMap, randomSteps, statesOf } from './random-layers.ts';

function merged(layers: readonly (readonly LayerEntry[])[], below?: TreeDraft): TreeDraft {
  const draft = new TreeDraft(below);
  for (const entries of layers) for (const entry of entries) draft.put('step', entry);
  return draft;
}

const layersOf = (states: readonly PathMap[]) =>
  states.slice(1).map((state, position) => layerBetween(states[position] ?? new Map(), state));

function flat(node: TreeNode): Map<string, LayerEntry> {
  const found = new Map<string, LayerEntry>();
  const visit = ({ entry, children }: TreeNode): void => {
    if (entry !== undefined) found.set(entry.path, entry);
    for (const child of children?.values() ?? []) visit(child);
  };
  visit(node);
  return found;
}

function changes(before: TreeNode, after: TreeNode): FileChange[] {
  const found: FileChange[] = [];
  visitChanges(before, after, (change) => found.push(change));
  return found;
}
const mirrored = ({ path, before, after, differs }: FileChange) => ({ path, before: after, after: before, differs });

describe('a tree of layers', () => {
  it('is what the steps left', () => {
    fc.assert(
      fc.property(randomSteps, (steps) => {
        const states = statesOf(steps);
        const tree = merged(layersOf(states)).root;
        const state = states.at(-1) ?? new Map();
        expect(flat(tree)).toEqual(state);
        const files = [...state.values()].filter(({ type }) => type === 'file');
        expect(treeTotals(tree)).toEqual({
          paths: state.size,
          files: files.length,
          bytes: files.reduce((sum, { size = 0 }) => sum + size, 0),
        });
      }),
    );
  });

  it('takes no entry without its folder, and repeats nothing that a terminal would act on', () => {
    const put = () => new TreeDraft().put('odd', { path: 'a\u001b[2J/b', type: 'fifo' });
    expect(put).toThrow('In the index of the step odd, a/b stands in no folder.');
  });

  it('stays as it is when others are made over it', () => {
    fc.assert(
      fc.property(randomSteps, randomSteps, randomSteps, (below, one, other) => {
        const base = statesOf(below);
        const top = base.at(-1);
        const [older, newer] = [statesOf(one, top), statesOf(other, top)];
        const draft = merged(layersOf(base));
        const [first, second] = [merged(layersOf(older), draft), merged(layersOf(newer), draft)];
        expect([flat(draft.root), flat(first.root), flat(second.root)]).toEqual([top, older.at(-1), newer.at(-1)]);
      }),
    );
  });

  it.each([
    ['in no folder', { path: 'etc/motd', type: 'file' }],
    ['below a file', { path: 'file/x', type: 'file' }],
    ['below a link', { path: 'link/x', type: 'directory' }],
    ['at no path', { path: '/etc', type: 'directory' }],
  ] as const)('refuses an entry %s', (_name, entry) => {
    const draft = merged([
      [
        { path: 'file', type: 'file' },
        { path: 'link', type: 'symlink', target: '/etc' },
      ],
    ]);
    expect(() => draft.put('odd', entry)).toThrow(/layer\.unreadable.*the step odd/);
  });

  it('takes a deletion of what is not there, and names that mean something to JavaScript', () => {
    const draft = merged([
      [
        { path: 'gone/x', type: 'whiteout' },
        { path: '__proto__', type: 'directory' },
        { path: '__proto__/constructor', type: 'file', size: 3 },
      ],
    ]);
    expect(nodeAt(draft.root, ['__proto__', 'constructor'])?.entry?.size).toBe(3);
    expect(nodeAt(draft.root, ['constructor'])).toBeUndefined();
    expect(treeTotals(draft.root)).toEqual({ paths: 2, files: 1, bytes: 3 });
  });

  it('may be as deep as a path can be', () => {
    const entries = Array.from({ length: 2_000 }, (_, depth): LayerEntry => {
      return { path: 'a/'.repeat(depth + 1).slice(0, -1), type: 'directory' };
    });
    expect(changes(new TreeDraft().root, merged([entries]).root)).toHaveLength(2_000);
  });
});

describe('the changes between two trees', () => {
  it('are those of their paths one by one, in the order of a walk, whatever they share', () => {
    fc.assert(
      fc.property(randomSteps, randomSteps, randomSteps, (below, one, other) => {
        const base = statesOf(below);
        const [older, newer] = [statesOf(one, base.at(-1)), statesOf(other, base.at(-1))];
        const draft = merged(layersOf(base));
        const shared = changes(merged(layersOf(older), draft).root, merged(layersOf(newer), draft).root);
        const whole = [layersOf(base), layersOf(base)];
        const alone = changes(
          merged([...(whole[0] ?? []), ...layersOf(older)]).root,
          merged([...(whole[1] ?? []), ...layersOf(newer)]).root,
        );
        expect(shared).toEqual(alone);
        const [before, after] = [older.at(-1) ?? new Map(), newer.at(-1) ?? new Map()];
        const paths = [...new Set<string>([...before.keys(), ...after.keys()])]
          .filter((path) => JSON.stringify(before.get(path)) !== JSON.stringify(after.get(path)))
          .map((path) => path.split('/'))
          .sort((a, b) => (a.join('\0') < b.join('\0') ? -1 : 1))
          .map((names) => names.join('/'));
        expect(shared.map(({ path }) => path)).toEqual(paths);
        for (const change of shared) {
          expect([change.before, change.after]).toEqual([before.get(change.path), after.get(change.path)]);
        }
      }),
    );
  });

  it('are none between a tree and itself, and the same from the other side', () => {
    fc.assert(
      fc.property(randomSteps, randomSteps, (one, other) => {
        const [a, b] = [merged(layersOf(statesOf(one))).root, merged(layersOf(statesOf(other))).root];
        expect(changes(a, a)).toEqual([]);
        expect(changes(a, merged(layersOf(statesOf(one))).root)).toEqual([]);
        expect(changes(b, a)).toEqual(changes(a, b).map(mirrored));
      }),
    );
  });

  const file: LayerEntry = {
    ...{ path: 'x', type: 'file', mode: 0o755, uid: 0, gid: 0, size: 1, mtime: 5 },
    ...{ digest: 'a'.repeat(64), xattrs: { 'security.capability': 'AQ==' } },
  };
  it.each([
    ['mode', { mode: 0o4755 }],
    ['owner', { uid: 1 }],
    ['owner', { gid: 1 }],
    ['size', { size: 2 }],
    ['digest', { digest: 'b'.repeat(64) }],
    ['xattrs', { xattrs: { 'security.capability': 'Ag==' } }],
    ['xattrs', { xattrs: undefined }],
    ['mtime', { mtime: 6 }],
    ['type', { type: 'fifo' }],
    ['target', { target: 'y' }],
    ['device', { device: [1, 3] }],
  ] as const)('tell that %s differs', (facet, other) => {
    const [change, ...others] = changes(merged([[file]]).root, merged([[{ ...file, ...other } as LayerEntry]]).root);
    expect([change?.differs, others]).toEqual([[facet], []]);
    expect(change !== undefined && isTimeOnly(change)).toBe(facet === 'mtime');
  });

  it('hold what was in a folder that became a link', () => {
    const folder: LayerEntry[] = [
      { path: 'lib', type: 'directory' },
      { path: 'lib/x', type: 'file', size: 1 },
    ];
    const link: LayerEntry[] = [{ path: 'lib', type: 'symlink', target: 'usr/lib' }];
    const found = changes(merged([folder]).root, merged([folder, link]).root);
    expect(found.map(({ path, after }) => [path, after?.type])).toEqual([
      ['lib', 'symlink'],
      ['lib/x', undefined],
    ]);
  });
});
