import type { Change } from './change-tree.ts';
import type { Expected, Variant } from './comparison.ts';

const files = 'file_permissions_unauthorized_world_writable';
const folders = 'dir_perms_world_writable_sticky_bits';

const variant = (name: string, change: Change, definition: string, expected: Expected): Variant => ({
  name,
  change,
  rows: [{ check: 'no-world-writable', definitions: [definition], expected }],
});

export const writableVariants: readonly Variant[] = [
  {
    name: 'as it was built',
    change: {},
    rows: [{ check: 'no-world-writable', definitions: [files, folders], expected: 'pass' }],
  },
  variant('a file', { 'srv/open': { text: 'x', mode: 0o666 } }, files, 'fail'),
  variant('a file with the sticky bit', { 'srv/open': { text: 'x', mode: 0o1666 } }, files, 'fail'),
  variant(
    'a file in a closed folder',
    { 'srv/closed': { folder: true, mode: 0o700 }, 'srv/closed/open': { text: 'x', mode: 0o602 } },
    files,
    'fail',
  ),
  variant('a folder', { 'srv/drop': { folder: true, mode: 0o777 } }, folders, 'fail'),
  variant('a folder with the sticky bit', { 'srv/drop': { folder: true, mode: 0o1777 } }, folders, 'pass'),
  variant('a link', { 'srv/link': { link: '/etc/passwd' } }, files, 'pass'),
  variant('a pipe', { 'srv/pipe': { pipe: true, mode: 0o666 } }, files, {
    ...{ ours: 'fail', theirs: 'pass', why: 'pipe' },
  }),
];

/** Trees for what the content has no definition of: find(1) is asked, as it is of all trees of `writableVariants`. */
export const ownerVariants: readonly Pick<Variant, 'name' | 'change'>[] = [
  { name: 'a file of nobody', change: { 'srv/x': { text: 'x', uid: 4_321 } } },
  { name: 'a link of a group that is not there', change: { 'srv/x': { link: 'y', gid: 4_321 } } },
  {
    name: 'a group that was removed',
    change: { 'etc/group': { replace: ['crontab:x:', 'cronjobs:x:9'] } },
  },
  { name: 'a program with setuid', change: { 'usr/local/bin/me': { text: 'x', mode: 0o4755 } } },
  { name: 'a program with setgid', change: { 'usr/local/bin/me': { text: 'x', mode: 0o2750 } } },
];
