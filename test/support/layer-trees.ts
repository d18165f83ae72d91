import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const epoch = 1_735_689_600;
const odd = (tree: string, name: string) => Buffer.concat([Buffer.from(`${tree}/`), Buffer.from(name, 'latin1')]);
const longName = `usr/share/${'long-name-'.repeat(12)}/${'x'.repeat(150)}`;

export function setXattr(path: string, name: string, value: string): void {
  execFileSync('perl', [
    '-e',
    '$! = 0; syscall(188, $ARGV[0], $ARGV[1], my $v = pack("H*", $ARGV[2]), length($ARGV[2]) / 2, 0) == 0 or die "$!"',
    path,
    name,
    value,
  ]);
}
/** cap_net_raw=ep, version 2. */
export const rawCapability = '0100000200200000000000000000000000000000';
/** user::rwx, group::r-x, group:4:r-x, mask::r-x, other::r-x, version 2. */
export const rawAcl = '0200000001000700ffffffff04000500ffffffff080005000400000010000500ffffffff20000500ffffffff';

/** A tree with all that a file system can hold. */
export function makeTree(tree: string): void {
  for (const folder of ['bin', 'etc/gone/deep', 'etc/replaced', 'usr/share', 'var/lib/dpkg', 'moved/inside', 'dev']) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  writeFileSync(join(tree, 'etc/kept'), 'kept\n');
  writeFileSync(join(tree, 'etc/changed'), 'one\n');
  writeFileSync(join(tree, 'etc/same-size'), 'aaaa\n');
  writeFileSync(join(tree, 'etc/gone/deep/file'), 'gone');
  writeFileSync(join(tree, 'etc/replaced/file'), 'in a folder');
  writeFileSync(join(tree, 'etc/file'), 'becomes a folder');
  writeFileSync(join(tree, 'moved/inside/file'), 'moves');
  symlinkSync('kept', join(tree, 'etc/link'));
  symlinkSync('/nowhere', join(tree, 'etc/absolute'));
  writeFileSync(join(tree, 'bin/a'), 'linked\n');
  linkSync(join(tree, 'bin/a'), join(tree, 'bin/b'));
  linkSync(join(tree, 'bin/a'), join(tree, 'bin/c'));
  writeFileSync(join(tree, 'bin/one'), 'pair\n');
  linkSync(join(tree, 'bin/one'), join(tree, 'bin/two'));
  setXattr(join(tree, 'bin/one'), 'user.pair', '01');
  writeFileSync(join(tree, 'bin/ping'), 'ping');
  setXattr(join(tree, 'bin/ping'), 'security.capability', rawCapability);
  chmodSync(join(tree, 'bin/ping'), 0o4755);
  chownSync(join(tree, 'etc/kept'), 3_000_000, 70);
  writeFileSync(odd(tree, 'usr/share/caf\xe9 \xff\\name\nline'), 'odd');
  writeFileSync(join(tree, 'usr/share/naïve'), 'utf-8');
  mkdirSync(join(tree, longName), { recursive: true });
  writeFileSync(join(tree, longName, 'file'), 'long');
  spawnSync('mkfifo', [join(tree, 'dev/fifo')]);
  spawnSync('mknod', [join(tree, 'dev/null'), 'c', '1', '3']);
  const sparse = openSync(join(tree, 'usr/share/sparse'), 'w');
  writeSync(sparse, 'end', 2_000_000);
  ftruncateSync(sparse, 3_000_000);
  writeFileSync(
    join(tree, 'var/lib/dpkg/status'),
    'Package: b\nStatus: install ok installed\nArchitecture: all\nVersion: 2\nDescription: text\n more: text\n\nPackage: a\nVersion: 1:1-1\nArchitecture: amd64\nStatus: install ok installed\n',
  );
  utimesSync(join(tree, 'etc/kept'), 1_000, 1_000.5);
}

/** Changes of every kind, and some that leave everything as it was. */
export function changeTree(tree: string): void {
  writeFileSync(join(tree, 'etc/changed'), 'two two\n');
  writeFileSync(join(tree, 'etc/same-size'), 'bbbb\n');
  utimesSync(join(tree, 'etc/same-size'), epoch, epoch);
  // Written again with what was there, and touched: no difference.
  writeFileSync(join(tree, 'etc/kept'), 'kept\n');
  utimesSync(join(tree, 'etc/kept'), 1_000, 1_000);
  rmSync(join(tree, 'etc/gone'), { recursive: true });
  rmSync(join(tree, 'etc/replaced'), { recursive: true });
  writeFileSync(join(tree, 'etc/replaced'), 'a file');
  unlinkSync(join(tree, 'etc/file'));
  mkdirSync(join(tree, 'etc/file'));
  writeFileSync(join(tree, 'etc/file/inside'), 'inside');
  unlinkSync(join(tree, 'etc/link'));
  symlinkSync('changed', join(tree, 'etc/link'));
  // Through one name of three; then the first name of a pair goes.
  writeFileSync(join(tree, 'bin/b'), 'LINKED\n');
  utimesSync(join(tree, 'bin/b'), epoch, epoch);
  unlinkSync(join(tree, 'bin/one'));
  chmodSync(join(tree, 'bin/ping'), 0o755);
  setXattr(join(tree, 'bin/ping'), 'security.capability', rawCapability);
  setXattr(join(tree, 'etc/kept'), 'user.note', '00ff');
  writeFileSync(odd(tree, 'usr/share/caf\xe9 \xff\\name\nline'), 'odd and changed');
  writeFileSync(odd(tree, 'usr/share/\x80new'), 'new');
  mkdirSync(join(tree, 'new/moved'), { recursive: true });
  renameSync(join(tree, 'moved/inside/file'), join(tree, 'new/moved/file'));
  rmSync(join(tree, 'moved'), { recursive: true });
  spawnSync('mkfifo', [join(tree, 'new/fifo')]);
  linkSync(join(tree, 'etc/changed'), join(tree, 'new/changed-again'));
}
