import type { LayerEntry } from '../builds/layer-index.ts';
import { byCodeUnits } from '../text.ts';
import { type FileChange, facetsOf } from './file-changes.ts';

/**
 * The paths of which two layers say something else, by name, whatever is below the layers: what one says and the other
 * does not is added or removed, and to delete a path is to say something of it.
 */
export function layerChanges(before: readonly LayerEntry[], after: readonly LayerEntry[]): FileChange[] {
  const older = new Map(before.map((entry) => [entry.path, entry]));
  const newer = new Map(after.map((entry) => [entry.path, entry]));
  const changes: FileChange[] = [];
  for (const path of new Set([...older.keys(), ...newer.keys()])) {
    const [one, other] = [older.get(path), newer.get(path)];
    const differs = facetsOf(one, other);
    if (one === undefined || other === undefined || differs.length > 0) {
      changes.push({ path, before: one, after: other, differs });
    }
  }
  return changes.sort((a, b) => byCodeUnits(a.path, b.path));
}
