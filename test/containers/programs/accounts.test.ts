import { chmod, lstat, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { groups } from '../../../containers/builder/programs/groups.ts';
import { users } from '../../../containers/builder/programs/users.ts';
import { benchEpoch, runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { plant } from './small-tree.ts';

const ops = { name: 'ops', groups: [], shell: '/bin/bash', home: '/home/ops', comment: '', sshKeys: [] };
const day = String(Math.floor(benchEpoch / 86_400));

async function lines(tree: string, path: string): Promise<string[]> {
  return (await readFile(join(tree, path), 'utf8')).split('\n').filter(Boolean);
}

describe('groups', () => {
  it('gives out explicit numbers first, then the lowest free ones, in both files', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const wanted = [{ name: 'first' }, { name: 'fixed', gid: 1000 }, { name: 'sudo' }, { name: 'next' }];
      await runProgram(groups, { groups: wanted }, folder);
      expect((await lines(folder.tree, 'etc/group')).slice(4)).toEqual([
        'first:x:1001:',
        'fixed:x:1000:',
        'next:x:1002:',
      ]);
      expect((await lines(folder.tree, 'etc/gshadow')).slice(4)).toEqual(['first:!::', 'fixed:!::', 'next:!::']);
    }));

  it.each([
    ['a number that is taken', [{ name: 'a', gid: 33 }], /groups\[0\]\.gid/],
    ['another number than the group has', [{ name: 'sudo', gid: 99 }], /number 27/],
    ['a name that would end the field', [{ name: 'a:b' }], /groups\[0\]\.name/],
  ])('refuses %s', (_, wanted, reason) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await expect(runProgram(groups, { groups: wanted }, folder)).rejects.toMatchObject({
        code: 'step.failed',
        message: expect.stringMatching(reason),
      });
    }),
  );
});

describe('users', () => {
  it('copies all of /etc/skel into a new home: files, folders and links, with their modes, for their owner', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const skeleton = join(folder.tree, 'etc/skel');
      await mkdir(join(skeleton, '.config/shell'), { recursive: true });
      await chmod(join(skeleton, '.config'), 0o700);
      await writeFile(join(skeleton, '.config/shell/rc'), 'set -o vi\n', { mode: 0o600 });
      await symlink('.config/shell/rc', join(skeleton, '.shrc'));
      await runProgram(users, { users: [{ ...ops, uid: 1234, name: 'skel', home: '/home/skel' }] }, folder);
      const home = join(folder.tree, 'home/skel');
      expect(await readlink(join(home, '.shrc'))).toBe('.config/shell/rc');
      expect(await readFile(join(home, '.shrc'), 'utf8')).toBe('set -o vi\n');
      for (const [place, mode] of [
        ['.config', 0o700],
        ['.config/shell/rc', 0o600],
        ['.shrc', 0o777],
      ] as const) {
        const found = await lstat(join(home, place));
        expect([place, found.mode & 0o7777, found.uid]).toEqual([place, mode, 1234]);
      }
    }));

  it('adds a user as useradd would, with home, keys, hash and sub-ids', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const full = {
        ...ops,
        groups: ['sudo'],
        comment: 'The Ops',
        sshKeys: ['ssh-ed25519 AAAA ops'],
        passwordHash: '$y$x$y',
      };
      await runProgram(users, { users: [full, { ...ops, name: 'dev', home: '/home/dev' }] }, folder);
      expect((await lines(folder.tree, 'etc/passwd')).slice(2)).toEqual([
        'ops:x:1000:1000:The Ops:/home/ops:/bin/bash',
        'dev:x:1001:1001::/home/dev:/bin/bash',
      ]);
      expect((await lines(folder.tree, 'etc/shadow')).slice(2)).toEqual([
        `ops:$y$x$y:${day}:0:99999:7:::`,
        `dev:!:${day}:0:99999:7:::`,
      ]);
      expect(await lines(folder.tree, 'etc/group')).toEqual(
        expect.arrayContaining(['sudo:x:27:ops', 'ops:x:1000:', 'dev:x:1001:']),
      );
      expect(await lines(folder.tree, 'etc/gshadow')).toEqual(expect.arrayContaining(['sudo:*::ops', 'ops:!::']));
      expect(await lines(folder.tree, 'etc/subuid')).toEqual(['ops:100000:65536', 'dev:165536:65536']);
      expect(await lines(folder.tree, 'etc/subgid')).toEqual(['ops:100000:65536', 'dev:165536:65536']);
      const keys = await stat(join(folder.tree, 'home/ops/.ssh/authorized_keys'));
      expect([keys.mode & 0o7777, keys.uid, keys.gid]).toEqual([0o600, 1000, 1000]);
      const home = await stat(join(folder.tree, 'home/ops'));
      expect([home.mode & 0o7777, home.uid]).toEqual([0o700, 1000]);
      const profile = await stat(join(folder.tree, 'home/dev/.profile'));
      expect([profile.uid, profile.gid]).toEqual([1001, 1001]);
      expect((await stat(join(folder.tree, 'etc/shadow'))).mode & 0o7777).toBe(0o644 & 0o7777);
    }));

  it('adjusts a user that the image has, and changes nothing else of it', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const root = {
        ...ops,
        name: 'root',
        groups: ['sudo'],
        home: '/elsewhere',
        passwordHash: '$6$a$b',
        sshKeys: ['key'],
      };
      await runProgram(users, { users: [root] }, folder);
      expect((await lines(folder.tree, 'etc/passwd'))[0]).toBe('root:x:0:0:root:/root:/bin/bash');
      expect((await lines(folder.tree, 'etc/shadow'))[0]).toBe(`root:$6$a$b:${day}:0:99999:7:::`);
      expect(await readFile(join(folder.tree, 'root/.ssh/authorized_keys'), 'utf8')).toBe('key\n');
    }));

  it('locks passwords, asks for new ones, and dates nothing by the clock', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const wanted = [
        { ...ops, name: 'locked', locked: true, passwordHash: '$y$x$y' },
        { ...ops, name: 'empty', locked: true },
        { ...ops, name: 'fresh', mustChangePassword: true, passwordHash: '$y$x$y' },
        { ...ops, name: 'open', mustChangePassword: false, locked: false, passwordHash: '$y$x$y' },
      ];
      await runProgram(users, { users: wanted, root: { sshKeys: [], locked: true } }, folder);
      expect(await lines(folder.tree, 'etc/shadow')).toEqual([
        'root:!*:20000:0:99999:7:::',
        'www-data:*:20000:0:99999:7:::',
        `locked:!$y$x$y:${day}:0:99999:7:::`,
        `empty:!:${day}:0:99999:7:::`,
        'fresh:$y$x$y:0:0:99999:7:::',
        `open:$y$x$y:${day}:0:99999:7:::`,
      ]);
    }));

  it('gives root a password and keys where that is asked for, and leaves it alone where it is not', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await runProgram(users, { users: [], root: { sshKeys: [] } }, folder);
      expect((await lines(folder.tree, 'etc/shadow'))[0]).toBe('root:*:20000:0:99999:7:::');
      const root = { sshKeys: ['key'], passwordHash: '$6$a$b', mustChangePassword: true };
      await runProgram(users, { users: [], root }, folder);
      expect((await lines(folder.tree, 'etc/shadow'))[0]).toBe('root:$6$a$b:0:0:99999:7:::');
      expect(await readFile(join(folder.tree, 'root/.ssh/authorized_keys'), 'utf8')).toBe('key\n');
    }));

  it('writes the rules of sudo, each on a line of its own, escaped and for root’s eyes', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await plant(folder.tree, { 'usr/bin/sudo': '' });
      const commands = ['/usr/bin/id ""', '/usr/bin/printf a:b,c=d', '/usr/bin/journalctl'];
      const wanted = [
        { ...ops, sudo: { passwordless: false } },
        { ...ops, name: 'dev', sudo: { passwordless: true, commands } },
      ];
      await runProgram(users, { users: wanted }, folder);
      const ruleOf = (name: string) => lines(folder.tree, `etc/sudoers.d/lbuild-${name}`);
      expect(await ruleOf('ops')).toEqual(['ops ALL=(ALL:ALL) ALL']);
      expect(await ruleOf('dev')).toEqual([
        'dev ALL=(ALL:ALL) NOPASSWD: /usr/bin/id ""',
        'dev ALL=(ALL:ALL) NOPASSWD: /usr/bin/printf a\\:b\\,c\\=d',
        'dev ALL=(ALL:ALL) NOPASSWD: /usr/bin/journalctl',
      ]);
      const file = await stat(join(folder.tree, 'etc/sudoers.d/lbuild-ops'));
      expect([file.mode & 0o7777, file.uid, file.gid]).toEqual([0o440, 0, 0]);
    }));

  it.each([
    [
      'a command of two lines',
      { commands: ['/bin/a\nops ALL=(ALL) NOPASSWD: ALL'] },
      /users\[0\]\.sudo\.commands\[0\]/,
    ],
    ['a path with dots', { commands: ['/bin/../sbin/a'] }, /users\[0\]\.sudo\.commands\[0\]/],
    ['a wildcard', { commands: ['/bin/a', '/bin/*'] }, /users\[0\]\.sudo\.commands\[1\]/],
  ])('refuses sudo for %s', (_, rule, reason) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await plant(folder.tree, { 'usr/bin/sudo': '' });
      const wanted = [{ ...ops, sudo: { passwordless: true, ...rule } }];
      await expect(runProgram(users, { users: wanted }, folder)).rejects.toMatchObject({
        code: 'step.failed',
        message: expect.stringMatching(reason),
      });
    }),
  );

  it('refuses sudo where the image has none', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await expect(
        runProgram(users, { users: [{ ...ops, sudo: { passwordless: true } }] }, folder),
      ).rejects.toMatchObject({ code: 'step.failed', message: expect.stringMatching(/users\[0\]\.sudo.*no sudo/) });
    }));

  it.each([
    ['an unknown group', { groups: ['docker'] }, /users\[0\]\.groups\[0\].*docker/],
    ['a shell that is not there', { shell: '/bin/zsh' }, /users\[0\]\.shell.*\/bin\/zsh/],
    ['a number that is taken', { uid: 33 }, /users\[0\]\.uid/],
    ['a comment that would end the line', { comment: 'a\nroot2:x:0:0' }, /users\[0\]\.comment/],
    ['a hash that would end the field', { passwordHash: 'a:b' }, /users\[0\]\.passwordHash/],
    ['a key of two lines', { sshKeys: ['a\nb'] }, /sshKeys/],
  ])('refuses %s', (_, change, reason) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await expect(runProgram(users, { users: [{ ...ops, ...change }] }, folder)).rejects.toMatchObject({
        code: 'step.failed',
        message: expect.stringMatching(reason),
      });
    }),
  );
});
