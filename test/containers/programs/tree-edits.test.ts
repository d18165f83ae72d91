import { lstat, readFile, readlink, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { files } from '../../../containers/builder/programs/files.ts';
import { services } from '../../../containers/builder/programs/services.ts';
import { system } from '../../../containers/builder/programs/system.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { plant, smallTree } from './small-tree.ts';

const motd = { path: '/etc/motd', content: 'hello\n', mode: '0644', owner: 'root', group: 'root' };
const settings = { hostname: 'edge-01', timezone: 'Europe/Berlin', locale: 'C.UTF-8', keyboard: 'us' };
const failed = (reason: RegExp) => ({ code: 'step.failed', message: expect.stringMatching(reason) });

describe('files', () => {
  it('writes content, mode and owner, makes parents, and replaces what is there', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, 'etc/motd': 'old' });
      await symlink('/run/nowhere', join(folder.tree, 'etc/resolv.conf'));
      const deep = { ...motd, path: '/srv/a/b/tool', mode: '4750', owner: 'www-data', group: '42' };
      await runProgram(files, { files: [motd, deep, { ...motd, path: '/etc/resolv.conf' }] }, folder);
      expect(await readFile(join(folder.tree, 'etc/motd'), 'utf8')).toBe('hello\n');
      const tool = await stat(join(folder.tree, 'srv/a/b/tool'));
      expect([tool.mode & 0o7777, tool.uid, tool.gid]).toEqual([0o4750, 33, 42]);
      expect((await stat(join(folder.tree, 'srv/a'))).mode & 0o7777).toBe(0o755);
      expect((await lstat(join(folder.tree, 'etc/resolv.conf'))).isFile()).toBe(true);
    }));

  it.each([
    ['an owner that is not there', { owner: 'nobody-here' }, /files\[0\]\.owner.*nobody-here/],
    ['a group that is not there', { group: 'no-group' }, /files\[0\]\.group/],
    ['a path that is a folder', { path: '/etc' }, /is a folder/],
    ['a parent that is a file', { path: '/etc/passwd/x' }, /no folder/],
  ])('refuses %s', (_, change, reason) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await expect(runProgram(files, { files: [{ ...motd, ...change }] }, folder)).rejects.toMatchObject(
        failed(reason),
      );
    }),
  );
});

describe('system', () => {
  it('sets host name, zone, locale and keyboard', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, 'etc/console-setup/cached_UTF-8_del.kmap.gz': 'old' });
      await runProgram(system, { ...settings, hostname: 'edge.example.org' }, folder);
      const text = (path: string) => readFile(join(folder.tree, path), 'utf8');
      expect(await text('etc/hostname')).toBe('edge.example.org\n');
      expect((await text('etc/hosts')).split('\n').slice(0, 2)).toEqual([
        '127.0.0.1\tlocalhost',
        '127.0.1.1\tedge.example.org edge',
      ]);
      expect(await readlink(join(folder.tree, 'etc/localtime'))).toBe('/usr/share/zoneinfo/Europe/Berlin');
      expect(await text('etc/timezone')).toBe('Europe/Berlin\n');
      expect(await text('etc/default/locale')).toBe('LANG=C.UTF-8\n');
      expect(await text('etc/default/keyboard')).toContain('XKBLAYOUT="us"\n');
      await expect(stat(join(folder.tree, 'etc/console-setup/cached_UTF-8_del.kmap.gz'))).rejects.toThrow('ENOENT');
    }));

  it('writes the same hosts file when it runs again', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await runProgram(system, settings, folder);
      const first = await readFile(join(folder.tree, 'etc/hosts'), 'utf8');
      await runProgram(system, settings, folder);
      expect(await readFile(join(folder.tree, 'etc/hosts'), 'utf8')).toBe(first);
    }));

  it.each([
    ['an unknown zone', { timezone: 'Europe/Nowhere' }, /system\.timezone.*Europe\/Nowhere/],
    ['a zone that leads out', { timezone: '../../etc/passwd' }, /system\.timezone/],
    ['an unknown locale', { locale: 'xx_XX.UTF-8' }, /system\.locale.*xx_XX\.UTF-8/],
    ['a host name with a line break', { hostname: 'a\nb' }, /system\.hostname/],
    ['a keyboard with a quote', { keyboard: 'us"' }, /system\.keyboard/],
  ])('refuses %s', (_, change, reason) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await expect(runProgram(system, { ...settings, ...change }, folder)).rejects.toMatchObject(failed(reason));
    }),
  );

  it('names the package that a locale needs', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { 'etc/hosts': '' });
      const change = { ...settings, timezone: 'UTC', locale: 'de_DE.UTF-8' };
      await expect(runProgram(system, change, folder)).rejects.toMatchObject(failed(/package locales/));
    }));
});

describe('services', () => {
  it('enables, disables and masks by links', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const wants = join(folder.tree, 'etc/systemd/system/multi-user.target.wants/nginx.service');
      const enable = ['nginx', 'getty@tty2.service'];
      await runProgram(services, { enable, disable: [], mask: ['apt-daily.timer'] }, folder);
      expect(await readlink(wants)).toBe('/usr/lib/systemd/system/nginx.service');
      expect(await readlink(join(folder.tree, 'etc/systemd/system/apt-daily.timer'))).toBe('/dev/null');
      await runProgram(services, { enable: [], disable: ['nginx'], mask: [] }, folder);
      await expect(lstat(wants)).rejects.toThrow('ENOENT');
    }));

  it.each([
    ['an unknown unit', { enable: ['nginx', 'ngnix'] }, /services\.enable\[1\].*ngnix\.service/],
    ['an unknown unit to disable', { disable: ['cron'] }, /services\.disable\[0\].*cron\.service/],
    ['an option in place of a unit', { mask: ['--now'] }, /services\.mask\[0\]/],
    ['a path in place of a unit', { enable: ['/tmp/x.service'] }, /services\.enable\[0\]/],
  ])('refuses %s', (_, change, reason) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const wanted = { enable: [], disable: [], mask: [], ...change };
      await expect(runProgram(services, wanted, folder)).rejects.toMatchObject(failed(reason));
    }),
  );
});
