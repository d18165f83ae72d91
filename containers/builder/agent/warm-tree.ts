import { mkdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Warmth, warmthSchema } from '../../../core/builds/manifest.ts';
import type { Sha256 } from '../../../core/digest.ts';
import type { DecodedIndex } from '../layers/index-file.ts';
import type { LayerMerge } from '../layers/merge.ts';
import { restoreLayers } from '../layers/restore.ts';
import { LayerShelf } from '../layers/shelf.ts';

/**
 * A tree that an agent has unpacked before it has a stage, of layers that the next stage likely begins with. It lies in
 * the task's own world, where nothing but this agent was, so it is what its verified layers say.
 */
export class WarmTree {
  readonly #warmth: Warmth;
  readonly #shelf: LayerShelf;
  readonly #place: string;
  readonly #unpacked: Promise<boolean>;
  readonly #merged: Promise<LayerMerge>;
  readonly #stopping = new AbortController();

  private constructor(warmth: Warmth, folders: { readonly work: string; readonly inputs: string }) {
    this.#warmth = warmth;
    this.#shelf = new LayerShelf({ ...warmth, steps: [] }, (digest) => Promise.resolve(join(folders.inputs, digest)));
    this.#place = join(folders.work, 'warm');
    // A stage may want no more than to know what the layers hold: then nothing of them is unpacked.
    this.#merged = this.#shelf.merge(warmth.base.map(({ step }) => step));
    this.#merged.catch(() => undefined);
    // What cannot be made ready is made by the stage, which then tells why it cannot.
    this.#unpacked = this.#unpack().then(
      () => true,
      () => false,
    );
  }

  /** @param text JSON of what to make ready; undefined where it is not of that form */
  static begin(text: string, folders: { readonly work: string; readonly inputs: string }): WarmTree | undefined {
    try {
      const value: unknown = JSON.parse(text);
      return new WarmTree(warmthSchema.parse(value), folders);
    } catch {
      return undefined;
    }
  }

  async #unpack(): Promise<void> {
    await mkdir(this.#place, { recursive: true });
    const steps = this.#warmth.base.map(({ step }) => step);
    const ahead = this.#stopping.signal;
    await restoreLayers(this.#place, this.#shelf, { present: [], steps, sourceDateEpoch: 0, ahead });
  }

  /** A layer's index, by the digest of the index; undefined where it is of no layer here. */
  index(digest: Sha256): Promise<DecodedIndex> | undefined {
    const layer = this.#warmth.base.find(({ index }) => index === digest);
    return layer === undefined ? undefined : this.#shelf.index(layer.step);
  }

  /**
   * What layers hold together; undefined where they are not just this tree's, built on each other alike.
   * @throws as LayerShelf.merge
   */
  merge(layers: Warmth['base']): Promise<LayerMerge> | undefined {
    const own = this.#warmth.base;
    const same = layers.length === own.length && layers.every((layer, at) => isDeepStrictEqual(layer, own[at]));
    return same ? this.#merged : undefined;
  }

  /** Says that the stage has no use for the tree: what is not unpacked yet is not. Its indexes stay. */
  stop(): void {
    this.#stopping.abort();
  }

  /**
   * Puts the tree in the place of an empty folder, where its layers are the lowest of those that are asked for; once.
   * @param layers digests, lowest first
   * @returns how many of them the folder then holds
   */
  async moveTo(folder: string, layers: readonly (Sha256 | undefined)[]): Promise<number> {
    const own = this.#warmth.base.map(({ digest }) => digest);
    if (own.some((digest, at) => layers[at] !== digest)) this.stop();
    if (this.#stopping.signal.aborted || !(await this.#unpacked)) return 0;
    try {
      await rmdir(folder);
      await rename(this.#place, folder);
      return own.length;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      // Taken already, for another tree of the stage.
      await mkdir(folder, { recursive: true });
      return 0;
    }
  }
}
