import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { InspectedTree } from '../../../core/compliance/inspected-tree.ts';

/** A tree of texts, of links, told by `-> TARGET`, and of whatever else entries say. */
export function treeOf(texts: Readonly<Record<string, string>>, more: readonly LayerEntry[] = []): InspectedTree {
  const entries = Object.entries(texts).map(([path, text]): LayerEntry => {
    const target = /^-> (.*)$/.exec(text)?.[1];
    return target === undefined ? { path, type: 'file', size: text.length } : { path, type: 'symlink', target };
  });
  const files = Object.entries(texts).filter(([, text]) => !text.startsWith('-> '));
  return new InspectedTree({ entries: [...entries, ...more], texts: Object.fromEntries(files) });
}
