import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { resolveInTree } from '../../../containers/builder/agent/tree-path.ts';
import { useFolders } from '../../support/temporary-folders.ts';

const newFolder = useFolders('tree-path');

/** As many as Linux follows in one path. */
const mostLinks = 40;

describe('a path of a tree', () => {
  let tree: string;
  beforeAll(() => {
    tree = newFolder();
    mkdirSync(join(tree, 'usr/lib/deep'), { recursive: true });
    writeFileSync(join(tree, 'usr/lib/file'), '');
    symlinkSync('lib', join(tree, 'usr/beside'));
    symlinkSync('/usr/lib', join(tree, 'usr/lib/deep/absolute'));
    symlinkSync('../file', join(tree, 'usr/lib/deep/up'));
    symlinkSync('../../../../../../etc', join(tree, 'usr/lib/deep/above'));
    symlinkSync('usr/lib/', join(tree, 'slash'));
    for (let at = 1; at <= mostLinks + 1; at += 1)
      symlinkSync(at === 1 ? 'usr' : `link${at - 1}`, join(tree, `link${at}`));
  });

  it.each([
    ['/usr/lib/file', 'usr/lib/file'],
    ['usr//./lib/./file', 'usr/lib/file'],
    ['/usr/missing/./x', 'usr/missing/x'],
    ['/usr/beside/file', 'usr/lib/file'],
    ['/usr/lib/deep/absolute/file', 'usr/lib/file'],
    ['/usr/lib/deep/up', 'usr/lib/file'],
    ['/usr/lib/deep/above/passwd', 'etc/passwd'],
    ['/slash/file', 'usr/lib/file'],
    ['/usr/lib/deep/absolute/deep/absolute/../beside/deep', 'usr/lib/deep'],
    ['../../../usr', 'usr'],
    [`/link${mostLinks}/lib`, 'usr/lib'],
  ])('%s is %s', async (path, place) => {
    expect(await resolveInTree(tree, path)).toBe(join(tree, place));
  });

  it('is none where more links are in it than Linux follows', async () => {
    await expect(resolveInTree(tree, `/link${mostLinks + 1}`)).rejects.toThrow('ELOOP');
  });
});
