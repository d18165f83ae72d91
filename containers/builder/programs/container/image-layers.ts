import type { ProgramContext } from '../../contract.ts';
import type { Encoding } from './encoding.ts';
import type { ImageOptions } from './image-config.ts';
import { type LayerBlob, writeLayerBlob } from './layer-blob.ts';

/** Layers that are made at a time: while one is read and hashed, the chunks of the other are compressed. */
const atOnce = 2;

/**
 * Writes the layers of an image into a folder, side by side.
 * @returns in the order in which they are stacked
 * @throws StepError layer.conflict; LayerError where a stored layer is not what it should be
 */
export async function writeImageLayers(
  context: ProgramContext<ImageOptions>,
  encoding: Encoding,
  folder: string,
): Promise<LayerBlob[]> {
  const layers = await context.layers.imageLayers(context.options.layers);
  const blobs: LayerBlob[] = [];
  const waiting = [...layers.entries()];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      context.signal.throwIfAborted();
      const [place, layer] = next;
      blobs[place] = await writeLayerBlob(layer, encoding, folder);
      done += 1;
      context.progress(Math.floor((90 * done) / layers.length));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return blobs;
}
