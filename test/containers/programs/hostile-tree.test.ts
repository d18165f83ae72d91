import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stepPrograms } from '../../../containers/builder/programs/registry.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { plant, smallTree } from './small-tree.ts';

const user = { name: 'ops', groups: [], shell: '/bin/bash', home: '/home/ops', comment: '', sshKeys: ['key'] };
const attributes = { mode: '0700', owner: 'root', group: 'root' };
const folders = [
  { path: '/etc', ...attributes },
  { path: '/etc/ours', ...attributes },
];
const script = { name: 'one', run: 'true', network: false, ignoreFailure: false, timeoutSeconds: 5 };
const edits = [
  ['system', { hostname: 'h', timezone: 'Europe/Berlin', locale: 'C.UTF-8', keyboard: 'us' }],
  ['groups', { groups: [{ name: 'deploy' }] }],
  ['users', { users: [user] }],
  ['files', { files: [{ path: '/etc/motd', content: 'x', mode: '0644', owner: 'root', group: 'root' }] }],
  ['configuration', { ssh: {}, sysctl: { 'vm.x': '1' }, enable: ['nginx.service'], disable: [] }],
  ['files', { files: [], directories: folders, remove: [{ path: '/etc/motd', ifPresent: true }] }],
  ['files', { files: [], remove: [{ path: '/home/planted', ifPresent: true }] }],
  ['users', { users: [{ ...user, sudo: { passwordless: true } }], root: { sshKeys: ['key'], locked: true } }],
  ['first-boot', { scripts: [script] }],
  ['spec-file', { path: '/usr/share/lbuild/spec.json', text: '{}\n' }],
  ['services', { enable: ['nginx'], disable: [], mask: ['cron'] }],
  [
    'remediate',
    {
      changes: [
        { kind: 'write', path: '/etc/motd', text: 'x', mode: 0o644 },
        { kind: 'link', path: '/etc/systemd/system/multi-user.target.wants/x.service', target: '/etc/motd' },
        { kind: 'setting', path: '/etc/motd', form: 'spaced', name: 'UMASK', value: '027' },
        { kind: 'mode', path: '/etc/motd', mode: 0, groups: [] },
        { kind: 'no-shells', except: [] },
        { kind: 'not-for-all' },
      ],
    },
  ],
] as const;

/** Ways in which a tree may try to lead a program out of it: the link's place, and where it points. */
const traps = [
  ['an absolute link in place of /etc', 'etc', (outside: string) => outside],
  ['a link that climbs in place of /etc', 'etc', (outside: string, tree: string) => relative(tree, outside)],
  ['an absolute link in place of /home', 'home', (outside: string) => outside],
  ['a link in place of the motd', 'etc/motd', (outside: string) => join(outside, 'planted')],
  ['a link in place of the temporary name', 'etc/.lbuild-new', (outside: string) => join(outside, 'planted')],
  ['a link in place of the unit folder', 'etc/systemd', (outside: string) => outside],
  ['a link in place of the folder of the spec', 'usr/share/lbuild', (outside: string) => outside],
  ['a link in place of the spec', 'usr/share/lbuild/spec.json', (outside: string) => join(outside, 'planted')],
  ['a link in place of a wants folder', 'etc/systemd/system/multi-user.target.wants', (outside: string) => outside],
] as const;

async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    found[path] = entry.isFile() ? await readFile(path, 'utf8') : 'folder';
  }
  return found;
}

describe.each(traps)('a tree with %s', (_, place, target) => {
  it.each(edits)('does not lead %s outside', (name, options) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, 'home/.keep': '', 'usr/bin/sudo': '', 'usr/lib/systemd/systemd': '' });
      // What the link hides from the program stands outside too: a naive program would find and change it there.
      await plant(folder.outside, { passwd: smallTree['etc/passwd'] ?? '', group: smallTree['etc/group'] ?? '' });
      await writeFile(join(folder.outside, 'planted'), 'untouched');
      const spot = join(folder.tree, place);
      await rename(spot, `${spot}.before`).catch(() => undefined);
      await mkdir(join(spot, '..'), { recursive: true });
      await symlink(target(folder.outside, folder.tree), spot);
      const before = await contents(folder.outside);
      // Some of the programs work inside the tree all the same, others refuse: both are right.
      await runProgram(stepPrograms[name], options, folder).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'step.failed' });
      });
      expect(await contents(folder.outside)).toEqual(before);
    }),
  );
});
