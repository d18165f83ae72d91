import { type Inspection, mostFindings } from '../../../../core/plan/programs/inspection.ts';
import type { LayerEntry } from './tree-source.ts';

type Paths = Inspection['worldWritable'];

/** Paths of one kind: all are counted, the first of them in the order of paths are kept. */
export function pathsOf(paths: readonly string[]): Paths {
  return { count: paths.length, paths: paths.slice(0, mostFindings) };
}

const kinds: ReadonlySet<LayerEntry['type']> = new Set(['file', 'hardlink', 'directory', 'fifo']);

/** Files that others may write, and folders that others may write and in which they may remove what is not theirs. */
export function worldWritable(entries: readonly LayerEntry[]): string[] {
  return entries.flatMap(({ path, type, mode = 0 }) => {
    const open = kinds.has(type) && (mode & 0o002) !== 0 && !(type === 'directory' && (mode & 0o1000) !== 0);
    return open ? [path] : [];
  });
}

/** Paths whose owner or group has no name in the image. */
export function unowned(
  entries: readonly LayerEntry[],
  uids: ReadonlySet<number>,
  gids: ReadonlySet<number>,
): string[] {
  return entries.flatMap(({ path, uid = 0, gid = 0 }) => (uids.has(uid) && gids.has(gid) ? [] : [path]));
}

/** Files that run with other rights than those of who starts them. */
export function privileged(entries: readonly LayerEntry[]): Inspection['privileged'] {
  return entries.flatMap(({ path, type, mode = 0, uid = 0, gid = 0, xattrs }) => {
    if (type !== 'file' && type !== 'hardlink') return [];
    // Of a file that its group may not run, setgid means something else.
    const raised = (mode & 0o4000) !== 0 || (mode & 0o2010) === 0o2010;
    const capable = xattrs !== undefined && Object.hasOwn(xattrs, 'security.capability');
    return raised || capable ? [{ path, mode, uid, gid }] : [];
  });
}
