import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { type BytePath, bytesToText, pathInside } from './path-text.ts';
import { runTool } from './tool.ts';

/** A moment of the file system's own clock. */
export interface FileTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export interface WalkedPath {
  readonly path: BytePath;
  readonly type: Exclude<LayerEntry['type'], 'hardlink' | 'whiteout'>;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: FileTime;
  readonly ctime: FileTime;
  /** Device and inode: equal for the names of one hard-linked file. */
  readonly inode: string;
  readonly links: number;
  /** Text of a symlink, in the escaped form of the index. */
  readonly target?: string;
  readonly device?: [number, number];
}

const types: Record<string, WalkedPath['type']> = {
  f: 'file',
  d: 'directory',
  l: 'symlink',
  c: 'character',
  b: 'block',
  p: 'fifo',
};
const format = ['%y', '%m', '%U', '%G', '%s', '%T@', '%C@', '%D:%i', '%n', '%l', '%P'];

function fileTime(text: string): FileTime {
  const dot = text.indexOf('.');
  return { seconds: Number(text.slice(0, dot)), nanoseconds: Number(text.slice(dot + 1, dot + 10).padEnd(9, '0')) };
}

/** True where `a` is not before `b`. */
export function notBefore(a: FileTime, b: FileTime): boolean {
  return a.seconds > b.seconds || (a.seconds === b.seconds && a.nanoseconds >= b.nanoseconds);
}

/** Major and minor number of a device node, as glibc's gnu_dev_major and gnu_dev_minor take them apart. */
function deviceOf(path: Buffer): [number, number] {
  const { rdev } = lstatSync(path, { bigint: true });
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
  return [Number(major), Number(minor)];
}

/**
 * Every path of a tree but its root, unsorted, sockets apart; symlinks are not followed. Reading them by one `find` takes 0.1 s
 * for 20,000 paths, a third of what as many calls of lstat from here take.
 */
export async function walkTree(tree: string): Promise<{ paths: WalkedPath[]; sockets: BytePath[] }> {
  const output = await runTool(['find', '-P', tree, '-mindepth', '1', '-printf', `${format.join('\\0')}\\0`]);
  const fields = output.toString('latin1').split('\0');
  const paths: WalkedPath[] = [];
  const sockets: BytePath[] = [];
  for (let at = 0; at + format.length < fields.length; at += format.length) {
    const [kind = '', mode = '', uid, gid, size, mtime = '', ctime = '', inode = '', links, target = '', path = ''] =
      fields.slice(at, at + format.length);
    if (kind === 's') {
      sockets.push(path);
      continue;
    }
    const type = types[kind];
    if (type === undefined) throw new Error(`a path of the tree is of unknown type ${kind}`);
    paths.push({
      path,
      type,
      mode: Number.parseInt(mode, 8),
      uid: Number(uid),
      gid: Number(gid),
      size: Number(size),
      mtime: fileTime(mtime),
      ctime: fileTime(ctime),
      inode,
      links: Number(links),
      ...(type === 'symlink' ? { target: bytesToText(target) } : {}),
      ...(type === 'character' || type === 'block' ? { device: deviceOf(pathInside(tree, path)) } : {}),
    });
  }
  return { paths, sockets };
}

const nanosecondsInSecond = 1_000_000_000n;

/** One path of a tree as it is; undefined where there is none, and for a socket. */
function lookAt(tree: string, path: BytePath): WalkedPath | undefined {
  const place = pathInside(tree, path);
  const stat = lstatSync(place, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined || stat.isSocket()) return undefined;
  const type = typeOf(stat);
  const time = (nanoseconds: bigint): FileTime => ({
    seconds: Number(nanoseconds / nanosecondsInSecond),
    nanoseconds: Number(nanoseconds % nanosecondsInSecond),
  });
  return {
    ...{ path, type, mode: Number(stat.mode & 0o7777n), uid: Number(stat.uid), gid: Number(stat.gid) },
    ...{ size: Number(stat.size), mtime: time(stat.mtimeNs), ctime: time(stat.ctimeNs) },
    ...{ inode: `${stat.dev}:${stat.ino}`, links: Number(stat.nlink) },
    ...(type === 'symlink' ? { target: bytesToText(readlinkSync(place, { encoding: 'latin1' })) } : {}),
    ...(type === 'character' || type === 'block' ? { device: deviceOf(place) } : {}),
  };
}

function typeOf(stat: BigIntStats): WalkedPath['type'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  return stat.isBlockDevice() ? 'block' : 'character';
}

/**
 * Some paths of a tree, each once: the single ones as far as they are there, and the roots with all that is below them.
 * For a few hundred paths that is faster than a process.
 */
export function walkPaths(tree: string, single: Iterable<BytePath>, roots: Iterable<BytePath>): WalkedPath[] {
  const found = new Map<BytePath, WalkedPath>();
  const visit = (path: BytePath, below: boolean): void => {
    const one = found.get(path) ?? lookAt(tree, path);
    if (one === undefined) return;
    found.set(path, one);
    if (!below || one.type !== 'directory') return;
    for (const name of readdirSync(pathInside(tree, path), { encoding: 'buffer' })) {
      visit(`${path}/${name.toString('latin1')}`, true);
    }
  };
  for (const path of single) visit(path, false);
  for (const path of roots) visit(path, true);
  return [...found.values()];
}
