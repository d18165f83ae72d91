import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { readLayer } from './layer-reader.ts';
import type { LayerShelf } from './shelf.ts';
import { tarHeader } from './tar-header.ts';

/**
 * Writes what is wanted of each layer's own members as members of one tar, layer by layer, hard links last: what they
 * lead to stands before them then, whichever layer it is of. Folders, which no layer says all of, are the caller's.
 * @param steps whose layers they are, lowest first
 * @throws LayerError where a layer is not what its index and digest say
 */
export async function writeMembers(
  shelf: LayerShelf,
  steps: readonly string[],
  wanted: (entry: LayerEntry) => boolean,
  write: (piece: Buffer) => Promise<void>,
): Promise<void> {
  const links: LayerEntry[] = [];
  for (const step of steps) {
    const { entries } = await shelf.index(step);
    if (!entries.some(wanted)) continue;
    await readLayer(await shelf.layer(step), entries, async (entry, header) => {
      if (!wanted(entry)) return undefined;
      if (entry.type === 'hardlink') {
        links.push(entry);
        return undefined;
      }
      await write(header);
      return write;
    });
  }
  for (const entry of links) await write(tarHeader(entry));
}
