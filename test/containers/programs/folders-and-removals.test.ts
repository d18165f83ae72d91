import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { link, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { files } from '../../../containers/builder/programs/files.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { plant, smallTree } from './small-tree.ts';

const plain = { mode: '0755', owner: 'root', group: 'root' };
const failed = (reason: RegExp) => ({ code: 'step.failed', message: expect.stringMatching(reason) });
const present = { ifPresent: false };
const facts = async (path: string) => {
  const { mode, uid, gid } = await lstat(path);
  return [mode & 0o7777, uid, gid];
};

describe('folders', () => {
  it('are made with their parents, before the files in them', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const directories = [
        { path: '/srv/a', ...plain, mode: '2770', owner: 'www-data', group: '42' },
        { path: '/srv/b/c/d', ...plain, mode: '1777' },
      ];
      const file = { path: '/srv/a/x', ...plain, mode: '0644', base64: '/wAKgA==' };
      const outcome = await runProgram(files, { files: [file], directories }, folder);
      expect(outcome.facts).toEqual({ files: '1', directories: '2' });
      expect(await facts(join(folder.tree, 'srv/a'))).toEqual([0o2770, 33, 42]);
      expect(await facts(join(folder.tree, 'srv/b/c/d'))).toEqual([0o1777, 0, 0]);
      expect(await facts(join(folder.tree, 'srv/b'))).toEqual([0o755, 0, 0]);
      expect((await readFile(join(folder.tree, 'srv/a/x'))).toString('hex')).toBe('ff000a80');
    }));

  it('that are there get mode and owner and keep what is in them', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, 'srv/a/kept': 'kept' });
      const directories = [{ path: '/srv/a', ...plain, mode: '0700', group: 'shadow' }];
      await runProgram(files, { files: [], directories }, folder);
      expect(await facts(join(folder.tree, 'srv/a'))).toEqual([0o700, 0, 42]);
      expect(await readFile(join(folder.tree, 'srv/a/kept'), 'utf8')).toBe('kept');
      expect((await stat(join(folder.tree, 'srv/a/kept'))).mode & 0o7777).toBe(0o644);
    }));

  it('follow links above them inside the tree', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await symlink('/srv/real', join(folder.tree, 'data'));
      await runProgram(files, { files: [], directories: [{ path: '/data/a', ...plain }] }, folder);
      expect(await readdir(join(folder.tree, 'srv/real'))).toEqual(['a']);
      expect(existsSync('/srv/real')).toBe(false);
    }));

  it.each([
    ['a file', 'etc/passwd', /directories\[0\]\.path: \/etc\/passwd .* a file/],
    ['a symlink to a folder', 'link', /directories\[0\]\.path: \/link .* a symlink/],
    ['a device', 'device', /directories\[0\]\.path: \/device .* a device/],
    ['a pipe', 'pipe', /directories\[0\]\.path: \/pipe .* no folder/],
    ['what lies below a device', 'device/a', /directories\[0\]\.path: \/device .* no folder/],
  ])('are refused where %s stands', (_, path, reason) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await symlink('/etc', join(folder.tree, 'link'));
      execFileSync('mknod', [join(folder.tree, 'device'), 'c', '1', '3']);
      execFileSync('mkfifo', [join(folder.tree, 'pipe')]);
      const before = await facts(join(folder.tree, 'etc'));
      const wanted = { files: [], directories: [{ path: `/${path}`, ...plain, mode: '0700' }] };
      await expect(runProgram(files, wanted, folder)).rejects.toMatchObject(failed(reason));
      expect(await facts(join(folder.tree, 'etc'))).toEqual(before);
    }),
  );

  it('are refused for an owner that is not there', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const wanted = { files: [], directories: [{ path: '/srv/a', ...plain, owner: 'nobody-here' }] };
      await expect(runProgram(files, wanted, folder)).rejects.toMatchObject(
        failed(/^directories\[0\]\.owner: .*nobody-here/),
      );
    }));
});

describe('removals', () => {
  it('take files, links and whole folders, of names of any bytes, and follow no link in them', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, 'srv/a/b/c': 'x', 'srv/kept': 'kept', 'srv/file': 'x' });
      await writeFile(join(folder.outside, 'planted'), 'untouched');
      const odd = Buffer.concat([Buffer.from(join(folder.tree, 'srv/a/')), Buffer.from([0xff, 0xfe, 0x0a])]);
      await writeFile(odd, 'odd');
      await symlink(folder.outside, join(folder.tree, 'srv/a/out'));
      await symlink('/srv/kept', join(folder.tree, 'srv/link'));
      await link(join(folder.tree, 'srv/kept'), join(folder.tree, 'srv/a/again'));
      execFileSync('mknod', [join(folder.tree, 'srv/a/device'), 'c', '1', '3']);
      const remove = ['/srv/a', '/srv/file', '/srv/link'].map((path) => ({ path, ...present }));
      const outcome = await runProgram(files, { files: [], remove }, folder);
      expect(outcome.facts).toEqual({ files: '0', removed: '3' });
      expect(await readdir(join(folder.tree, 'srv'))).toEqual(['kept']);
      expect(await readFile(join(folder.tree, 'srv/kept'), 'utf8')).toBe('kept');
      expect(await readFile(join(folder.outside, 'planted'), 'utf8')).toBe('untouched');
    }));

  it('of what is not there are an error, unless that is said', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const remove = (ifPresent: boolean) => ({
        files: [],
        remove: [
          { path: '/srv/none', ifPresent: true },
          { path: '/etc/passwd.d/none', ifPresent },
        ],
      });
      await runProgram(files, remove(true), folder);
      await expect(runProgram(files, remove(false), folder)).rejects.toMatchObject(
        failed(/^remove\[1\]\.path: \/etc\/passwd\.d\/none is not in the image/),
      );
    }));

  it.each([
    ['the account database', '/alias/passwd'],
    ['the package database', '/deep/alias/dpkg'],
    ['a folder of all programs', '/alias/../usr-link/bin'],
    ['the database by a merged folder', '/alias2/status'],
  ])('are refused where a link leads to %s', (_, path) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, 'var/lib/dpkg/status': '', 'usr/bin/x': '' });
      await symlink('etc', join(folder.tree, 'alias'));
      await mkdir(join(folder.tree, 'deep'));
      await symlink('../var/lib', join(folder.tree, 'deep/alias'));
      await symlink('/usr', join(folder.tree, 'usr-link'));
      await symlink('/../../var/lib/dpkg', join(folder.tree, 'alias2'));
      await expect(runProgram(files, { files: [], remove: [{ path, ...present }] }, folder)).rejects.toMatchObject(
        failed(/^remove\[0\]\.path: .* cannot be removed/),
      );
      expect(existsSync(join(folder.tree, 'etc/passwd'))).toBe(true);
      expect(existsSync(join(folder.tree, 'var/lib/dpkg/status'))).toBe(true);
      expect(existsSync(join(folder.tree, 'usr/bin/x'))).toBe(true);
    }),
  );

  it('through a link that leaves the tree stay inside it', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await writeFile(join(folder.outside, 'planted'), 'untouched');
      await symlink(folder.outside, join(folder.tree, 'srv'));
      const remove = [{ path: '/srv/planted', ifPresent: true }];
      await runProgram(files, { files: [], remove }, folder);
      expect(await readFile(join(folder.outside, 'planted'), 'utf8')).toBe('untouched');
    }));
});
