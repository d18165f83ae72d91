import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { type BytePath, textToBytes } from './path-text.ts';
import { runTool } from './tool.ts';

/**
 * The attributes that are part of an image: capabilities, access control lists, and what programs store themselves.
 * Others (security.selinux, trusted.overlay.*) say how the builder's own disk is set up and would differ by machine.
 */
const kept = /^(security\.capability|system\.posix_acl_(access|default)|user\..+)$/s;

/**
 * Reads paths (NUL-terminated) and answers `path NUL name NUL value in hexadecimal NUL` for each attribute. Perl makes
 * the raw calls: Node has none for attributes, and names that are no UTF-8 cannot be passed as arguments.
 */
const reader = `
use strict; use warnings; require POSIX;
my ($list, $get) = (POSIX::uname())[4] eq 'aarch64' ? (12, 9) : (195, 192);
$/ = "\\0";
while (defined(my $path = <STDIN>)) {
  chomp $path;
  next if syscall($list, "$path", 0, 0) <= 0;
  my $names = "\\0" x 65536;
  my $length = syscall($list, "$path", $names, 65536);
  for my $name (split /\\0/, substr($names, 0, $length)) {
    my $value = "\\0" x 65536;
    my $size = syscall($get, "$path", "$name", $value, 65536);
    next if $size < 0;
    print $path, "\\0", $name, "\\0", unpack('H*', substr($value, 0, $size)), "\\0";
  }
}
`;

/** The extended attributes of a tree's paths: path to name to value in base64, only paths that have some. */
export async function readXattrs(
  tree: string,
  paths: readonly BytePath[],
): Promise<Map<BytePath, Record<string, string>>> {
  if (paths.length === 0) return new Map();
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1');
  const output = await runTool(['perl', '-e', reader], { cwd: tree, input });
  const fields = output.toString('latin1').split('\0');
  const found = new Map<BytePath, [string, string][]>();
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [path = '', rawName = '', hex = ''] = fields.slice(at, at + 3);
    const name = Buffer.from(rawName, 'latin1').toString('utf8');
    if (!kept.test(name)) continue;
    const attributes = found.get(path) ?? [];
    attributes.push([name, Buffer.from(hex, 'hex').toString('base64')]);
    found.set(path, attributes);
  }
  return new Map(
    [...found].map(([path, attributes]) => [path, Object.fromEntries(attributes.sort(([a], [b]) => (a < b ? -1 : 1)))]),
  );
}

/** What squashfs keeps (Linux, fs/squashfs/xattr.c): all others, access control lists among them, are in no module. */
const inModules = /^(security|trusted|user)\./;

/** Reads `path NUL name NUL value in hexadecimal NUL` and sets each attribute; a symlink on the way is nobody's folder. */
const writer = `
use strict; use warnings; require POSIX;
my $set = (POSIX::uname())[4] eq 'aarch64' ? 6 : 189;
$/ = "\\0";
while (defined(my $path = <STDIN>)) {
  my ($name, $hex) = (scalar <STDIN>, scalar <STDIN>);
  chomp($path, $name, $hex);
  my $at = '';
  for my $part (split m{/}, $path) {
    die "$at is a symlink\\n" if $at ne '' && -l $at;
    $at = $at eq '' ? $part : "$at/$part";
  }
  my $value = pack('H*', $hex);
  syscall($set, "$path", "$name", $value, length($value), 0) == 0 or die "$path: $name: $!\\n";
}
`;

/**
 * Gives a tree's paths the attributes of a layer's entries that the layer's module has not. The paths are there.
 * @throws Error where a path is not, or lies behind a symlink
 */
export async function setXattrsBesideModule(
  tree: string,
  entries: readonly Pick<LayerEntry, 'path' | 'xattrs'>[],
): Promise<void> {
  const fields = entries.flatMap(({ path, xattrs = {} }) =>
    Object.entries(xattrs)
      .filter(([name]) => !inModules.test(name))
      .map(([name, value]) => [textToBytes(path), name, Buffer.from(value, 'base64').toString('hex')]),
  );
  if (fields.length === 0) return;
  const input = Buffer.from(fields.map((field) => `${field.join('\0')}\0`).join(''), 'latin1');
  await runTool(['perl', '-e', writer], { cwd: tree, input });
}
