import { expect, it } from 'vitest';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { layerChanges } from '../../../core/diff/layer-changes.ts';

const file = (path: string, more: Partial<LayerEntry> = {}): LayerEntry => ({ path, type: 'file', mtime: 1, ...more });

it('two layers differ in what they say, deletions and times included', () => {
  const before = [
    file('a'),
    file('b', { digest: 'a'.repeat(64) }),
    file('c'),
    { path: 'd', type: 'whiteout' as const },
  ];
  const after = [file('a'), file('b', { digest: 'b'.repeat(64) }), file('c', { mtime: 2 }), file('e')];
  const changes = layerChanges(before, after);
  expect(
    changes.map(({ path, differs, before: one, after: other }) => [path, one?.type, other?.type, differs]),
  ).toEqual([
    ['b', 'file', 'file', ['digest']],
    ['c', 'file', 'file', ['mtime']],
    ['d', 'whiteout', undefined, []],
    ['e', undefined, 'file', []],
  ]);
  expect(layerChanges(before, before)).toEqual([]);
  expect(layerChanges(after, before)).toEqual(
    changes.map(({ path, differs, before: one, after: other }) => ({ path, differs, before: other, after: one })),
  );
});
