import type { LayerEntry } from '../builds/layer-index.ts';
import { canonicalJson } from '../digest.ts';
import { byCodeUnits } from '../text.ts';
import type { TreeNode } from './tree.ts';

/** In what two entries of one path may differ; the names are those of an index, `owner` is user and group. */
export const facets = ['type', 'mode', 'owner', 'size', 'digest', 'target', 'device', 'xattrs', 'mtime'] as const;
export type Facet = (typeof facets)[number];

/** A path that two trees do not have alike. */
export interface FileChange {
  readonly path: string;
  /** Undefined: it was added. */
  readonly before: LayerEntry | undefined;
  /** Undefined: it was removed. */
  readonly after: LayerEntry | undefined;
  /** In what it differs, where both have it. */
  readonly differs: readonly Facet[];
}

/**
 * Calls `visit` with each path in which two trees differ: a folder before what is in it, names by code units. What both
 * share as the same object is not looked at.
 */
export function visitChanges(
  before: TreeNode | undefined,
  after: TreeNode | undefined,
  visit: (change: FileChange) => void,
): void {
  const [older, newer] = [before?.children, after?.children];
  for (const name of changedNames(older, newer)) {
    const [one, other] = [older?.get(name), newer?.get(name)];
    const path = one?.entry?.path ?? other?.entry?.path ?? '';
    const differs = facetsOf(one?.entry, other?.entry);
    if (one === undefined || other === undefined || differs.length > 0) {
      visit({ path, before: one?.entry, after: other?.entry, differs });
    }
    visitChanges(one, other, visit);
  }
}

/** Names whose nodes are not one and the same, sorted. */
function changedNames(
  older: ReadonlyMap<string, TreeNode> | undefined,
  newer: ReadonlyMap<string, TreeNode> | undefined,
): string[] {
  const names: string[] = [];
  if (older === newer) return names;
  for (const [name, node] of older ?? []) if (newer?.get(name) !== node) names.push(name);
  for (const name of newer?.keys() ?? []) if (older?.has(name) !== true) names.push(name);
  return names.sort(byCodeUnits);
}

/** In what two entries differ; nothing where one is not there. */
export function facetsOf(a: LayerEntry | undefined, b: LayerEntry | undefined): Facet[] {
  if (a === undefined || b === undefined || a === b) return [];
  const found: Facet[] = [];
  if (a.type !== b.type) found.push('type');
  if (a.mode !== b.mode) found.push('mode');
  if (a.uid !== b.uid || a.gid !== b.gid) found.push('owner');
  if (a.size !== b.size) found.push('size');
  if (a.digest !== b.digest) found.push('digest');
  if (a.target !== b.target) found.push('target');
  if (a.device?.[0] !== b.device?.[0] || a.device?.[1] !== b.device?.[1]) found.push('device');
  if (a.xattrs !== b.xattrs && canonicalJson(a.xattrs ?? {}) !== canonicalJson(b.xattrs ?? {})) found.push('xattrs');
  if (a.mtime !== b.mtime) found.push('mtime');
  return found;
}

/** Whether only the time of a path changed, which says when it was written and not what it is. */
export function isTimeOnly(change: FileChange): boolean {
  return change.differs.length === 1 && change.differs[0] === 'mtime';
}
