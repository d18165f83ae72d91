import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { canonicalJson } from '../../../core/digest.ts';
import type { BytePath } from './path-text.ts';

/** What a tree holds: the merged indexes of its layers. Keys are the paths' bytes. */
export type TreeIndex = Map<BytePath, LayerEntry>;

/** True where two entries are the same but for the name of their path. */
export function sameEntry(a: LayerEntry, b: LayerEntry): boolean {
  return (
    a.type === b.type &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.size === b.size &&
    a.mtime === b.mtime &&
    a.digest === b.digest &&
    a.target === b.target &&
    a.device?.[0] === b.device?.[0] &&
    a.device?.[1] === b.device?.[1] &&
    (a.xattrs === b.xattrs || canonicalJson(a.xattrs ?? {}) === canonicalJson(b.xattrs ?? {}))
  );
}

/** Takes a path and all below it out of an index. */
export function removeFromIndex(index: TreeIndex, path: BytePath): void {
  const gone = index.get(path);
  index.delete(path);
  if (gone?.type !== 'directory') return;
  const below = `${path}/`;
  for (const other of index.keys()) if (other.startsWith(below)) index.delete(other);
}

/**
 * Device nodes that an image may hold, as `type major:minor`: what a bootstrap makes. Others would reach the
 * builder's own disks where it has the right to open them.
 */
const allowedDevices = new Set([
  'character 1:3',
  'character 1:5',
  'character 1:7',
  'character 1:8',
  'character 1:9',
  'character 5:0',
  'character 5:1',
  'character 5:2',
]);

/** True where an image may hold this entry: any but a device node that is not one of the usual eight. */
export function deviceAllowed(entry: LayerEntry): boolean {
  if (entry.type !== 'character' && entry.type !== 'block') return true;
  return allowedDevices.has(`${entry.type} ${entry.device?.join(':')}`);
}
