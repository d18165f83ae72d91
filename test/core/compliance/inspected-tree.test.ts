import { describe, expect, it } from 'vitest';
import { treeOf } from './tree-of.ts';

const tree = treeOf(
  {
    'etc/a': 'one',
    'etc/b': 'two',
    'etc/B': 'three',
    'etc/relative': '-> a',
    'etc/absolute': '-> /etc/b',
    'etc/dotted': '-> ./../etc//./a',
    'etc/out': '-> ../../../etc/a',
    'etc/lost': '-> /etc/none',
    'etc/inward': '-> sub/',
    'etc/sub/c': 'four',
    'etc/up/down': '-> ../sub/c',
    'etc/round': '-> circle',
    'etc/circle': '-> round',
    'etc/masked': '-> /dev/null',
    'etc/empty': '',
    'folder-link': '-> etc',
  },
  [
    { path: 'etc/hollow', type: 'directory', size: 0 },
    { path: 'etc/null-text', type: 'file', size: 9, target: '/dev/null' },
    { path: 'etc/bare', type: 'symlink' },
  ],
);

describe('a path', () => {
  it.each([
    ['etc/a', 'etc/a'],
    ['/etc/a', 'etc/a'],
    ['//etc/./a', 'etc/a'],
    ['etc/../etc/a', 'etc/a'],
    ['../../etc/a', 'etc/a'],
    ['etc/relative', 'etc/a'],
    ['etc/absolute', 'etc/b'],
    ['etc/dotted', 'etc/a'],
    ['etc/out', 'etc/a'],
    ['etc/inward/c', 'etc/sub/c'],
    ['etc/up/down', 'etc/sub/c'],
    ['folder-link/relative', 'etc/a'],
    ['folder-link/inward/c', 'etc/sub/c'],
    ['etc/lost', undefined],
    ['etc/round', undefined],
    ['etc/none', undefined],
    ['', undefined],
  ])('%j leads to %j', (path, leads) => {
    expect(tree.find(path)?.path).toBe(leads);
  });

  it('is looked at without following its last name, and with following those on the way', () => {
    expect(tree.lookAt('etc/relative')?.path).toBe('etc/relative');
    expect(tree.lookAt('folder-link/relative')?.path).toBe('etc/relative');
    expect(tree.lookAt('etc/inward/c')?.path).toBe('etc/sub/c');
    expect(tree.lookAt('etc/round')?.entry.target).toBe('circle');
    expect(tree.lookAt('etc/none')).toBeUndefined();
  });

  it('goes through as many links as Linux follows, and not one more', () => {
    const chain = (links: number) =>
      treeOf({
        ...Object.fromEntries(Array.from({ length: links }, (_, at) => [`l${at}`, `-> l${at + 1}`])),
        [`l${links}`]: 'end',
      });
    expect(chain(40).text('l0')).toBe('end');
    expect(chain(41).text('l0')).toBeUndefined();
  });

  it('has a text where it was read', () => {
    expect([tree.text('etc/dotted'), tree.text('etc/hollow'), tree.text('etc/lost')]).toEqual([
      'one',
      undefined,
      undefined,
    ]);
  });
});

it('a mask is a link to /dev/null or an empty file, and nothing else', () => {
  const masks = ['masked', 'empty', 'a', 'relative', 'hollow', 'null-text', 'none'].map((name) =>
    tree.isMask(`etc/${name}`),
  );
  expect(masks).toEqual([true, true, false, false, false, false, false]);
});

it('a folder has its names in order of their bytes, and none where it is none', () => {
  const names = treeOf({ 'x/b': '', 'x/a': '', 'x/B': '', 'x/deep/c': '', top: '', y: '-> x' });
  expect(names.names('x')).toEqual(['B', 'a', 'b']);
  expect(names.names('none')).toEqual([]);
  expect(names.names('')).toContain('top');
  const linked = treeOf({ 'x/b': '', y: '-> x' }, [{ path: 'x', type: 'directory' }]);
  expect(linked.names('y')).toEqual(['b']);
});
