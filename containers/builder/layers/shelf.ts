import { readFile } from 'node:fs/promises';
import type { ArtifactReference, Manifest, ModuleReference } from '../../../core/builds/manifest.ts';
import { type Sha256, sha256 } from '../../../core/digest.ts';
import type { ArtifactFile } from '../contract.ts';
import { digestFile } from './file-digest.ts';
import { type DecodedIndex, decodeIndex } from './index-file.ts';
import { LayerError } from './layer-error.ts';
import type { StoredLayer } from './layer-reader.ts';
import { LayerMerge } from './merge.ts';

export interface StoredModule {
  readonly reference: ModuleReference;
  readonly file: string;
}

/** What was read, checked and merged before there was a stage. */
export interface ReadAhead {
  /** A layer's index, by the digest of the index. */
  index(digest: Sha256): Promise<DecodedIndex> | undefined;
  /** The merge of layers, lowest first, where just these were merged in this order; nobody changes it. */
  merge(layers: Manifest['base']): Promise<LayerMerge> | undefined;
}

/** Where blobs come from: by digest, as a file. Whoever reads the file checks its digest. */
export type BlobSource = (digest: Sha256) => Promise<string>;

/**
 * The layers and modules that a stage works on, those that were there before it and those that its steps make. What
 * lies in the store is fetched when it is first asked for.
 */
export class LayerShelf {
  readonly #order: readonly string[];
  readonly #needs = new Map<string, readonly string[]>();
  readonly #base = new Map<string, Manifest['base'][number]>();
  readonly #made = new Map<string, StoredLayer>();
  readonly #indexes = new Map<string, Promise<DecodedIndex>>();
  readonly #merges = new Map<string, Promise<LayerMerge>>();
  readonly #baseModules = new Map<string, ModuleReference>();
  readonly #modules = new Map<string, Promise<StoredModule>>();
  readonly #baseArtifacts = new Map<string, ArtifactReference>();
  readonly #artifacts = new Map<string, Promise<ArtifactFile>>();
  readonly #fetch: BlobSource;
  readonly #ahead: ReadAhead | undefined;

  /** @param ahead what is there already */
  constructor(
    manifest: Pick<Manifest, 'base' | 'steps' | 'modules' | 'artifacts'>,
    fetch: BlobSource,
    ahead?: ReadAhead,
  ) {
    this.#fetch = fetch;
    this.#ahead = ahead;
    const layers = manifest.steps.filter(({ produces }) => produces === 'layer').map(({ id }) => ({ step: id }));
    this.#order = [...manifest.base, ...layers].map(({ step }) => step);
    for (const layer of manifest.base) {
      this.#base.set(layer.step, layer);
      this.#needs.set(layer.step, layer.after);
    }
    for (const step of manifest.steps) this.#needs.set(step.id, step.needs);
    for (const reference of manifest.modules) {
      this.#baseModules.set(reference.step, reference);
      this.#needs.set(reference.step, reference.layers);
    }
    for (const reference of manifest.artifacts ?? []) this.#baseArtifacts.set(reference.step, reference);
  }

  /** Puts in what a step has made. */
  put(layer: StoredLayer, index: DecodedIndex): void {
    this.#made.set(layer.reference.step, layer);
    this.#indexes.set(layer.reference.step, Promise.resolve(index));
  }

  putModule(reference: ModuleReference, file: string): void {
    this.#modules.set(reference.step, Promise.resolve({ reference, file }));
  }

  /** The layer steps that these steps are built on, directly or not, and themselves; in the order of the plan. */
  closure(steps: readonly string[]): string[] {
    return this.#allBelow(steps).filter((step) => this.#made.has(step) || this.#base.has(step));
  }

  /** As `below`, with the layers that are still to be made. */
  toBeBelow(step: string): string[] {
    return this.#allBelow(this.#needs.get(step) ?? []);
  }

  #allBelow(steps: readonly string[]): string[] {
    const found = new Set<string>();
    const visit = (step: string): void => {
      if (found.has(step)) return;
      found.add(step);
      for (const need of this.#needs.get(step) ?? []) visit(need);
    };
    for (const step of steps) visit(step);
    return this.#order.filter((step) => found.has(step));
  }

  /** Whether a step is built on another, directly or not. */
  isBelow(lower: string, upper: string): boolean {
    const needs = this.#needs.get(upper) ?? [];
    return needs.includes(lower) || needs.some((need) => this.isBelow(lower, need));
  }

  /** The layer steps below a step, without itself. */
  below(step: string): string[] {
    return this.closure(this.#needs.get(step) ?? []);
  }

  /** A layer as files. */
  async layer(step: string): Promise<StoredLayer> {
    const made = this.#made.get(step);
    if (made !== undefined) return made;
    const reference = this.#base.get(step);
    if (reference === undefined) throw new Error(`the step ${step} has no layer here`);
    const [layerFile, indexFile] = await Promise.all([this.#fetch(reference.digest), this.#fetch(reference.index)]);
    return { reference, layerFile, indexFile };
  }

  /** The digest of a layer that was there before the stage. */
  digestOf(step: string): Sha256 | undefined {
    return this.#base.get(step)?.digest;
  }

  /** @throws LayerError where the index is not what its digest says */
  index(step: string): Promise<DecodedIndex> {
    const known = this.#indexes.get(step);
    if (known !== undefined) return known;
    const reading = this.#readIndex(step);
    this.#indexes.set(step, reading);
    return reading;
  }

  async #readIndex(step: string): Promise<DecodedIndex> {
    const reference = this.#base.get(step);
    if (reference === undefined) throw new Error(`the step ${step} has no layer here`);
    const known = await this.#ahead?.index(reference.index)?.catch(() => undefined);
    if (known !== undefined) return known;
    const stored = await readFile(await this.#fetch(reference.index));
    if (sha256(stored) !== reference.index) throw new LayerError(step, 'its index has another digest');
    return decodeIndex(stored).catch((error: unknown) => {
      throw new LayerError(step, `its index cannot be read: ${error instanceof Error ? error.message : 'unknown'}`);
    });
  }

  /**
   * The layers' indexes, one over the other; the caller may go on with it.
   * @throws StepError layer.conflict; LayerError
   */
  async merge(steps: readonly string[]): Promise<LayerMerge> {
    return new LayerMerge(await this.#merged(steps));
  }

  /** Each merge is made once, from that of the layers below the topmost. */
  #merged(steps: readonly string[]): Promise<LayerMerge> {
    const top = steps.at(-1);
    if (top === undefined) return Promise.resolve(new LayerMerge());
    const name = steps.join('\0');
    const here = () => this.#mergeOver(steps.slice(0, -1), top);
    // What could not be merged ahead may be read anew: who asks is told what is wrong with that.
    const known = this.#merges.get(name) ?? this.#mergedAhead(steps)?.catch(here) ?? here();
    this.#merges.set(name, known);
    return known;
  }

  #mergedAhead(steps: readonly string[]): Promise<LayerMerge> | undefined {
    const layers = steps.flatMap((step) => this.#base.get(step) ?? []);
    return layers.length === steps.length ? this.#ahead?.merge(layers) : undefined;
  }

  async #mergeOver(lower: readonly string[], top: string): Promise<LayerMerge> {
    const [below, { entries }] = await Promise.all([this.#merged(lower), this.index(top)]);
    const merge = new LayerMerge(below);
    merge.add(top, this.below(top), entries);
    return merge;
  }

  /** The module in the store that holds exactly this one layer, where there is one. */
  moduleOf(step: string): ModuleReference | undefined {
    for (const reference of this.#baseModules.values()) {
      if (reference.layers.length === 1 && reference.layers[0] === step) return reference;
    }
    return undefined;
  }

  /**
   * A module as a file, checked against its digest.
   * @throws LayerError where its bytes are others
   */
  module(step: string): Promise<StoredModule> {
    const known = this.#modules.get(step) ?? this.#readModule(step);
    this.#modules.set(step, known);
    return known;
  }

  /** Puts in an artifact that a step has made. */
  putArtifact(step: string, artifact: ArtifactFile): void {
    this.#artifacts.set(step, Promise.resolve(artifact));
  }

  /**
   * An artifact as a file, one of an earlier stage checked against its digest.
   * @throws LayerError where its bytes are others
   */
  artifact(step: string): Promise<ArtifactFile> {
    const known = this.#artifacts.get(step) ?? this.#readArtifact(step);
    this.#artifacts.set(step, known);
    return known;
  }

  async #readArtifact(step: string): Promise<ArtifactFile> {
    const reference = this.#baseArtifacts.get(step);
    if (reference === undefined) throw new Error(`the step ${step} has no artifact here`);
    const file = await this.#fetch(reference.digest);
    const { size, sha256: digest } = await digestFile(file);
    if (digest !== reference.digest) throw new LayerError(step, 'its artifact has another digest');
    return { file, size, sha256: digest };
  }

  /** A module as a file; `module` says whether it is what its digest says. */
  async moduleFile(step: string): Promise<string> {
    const reference = this.#baseModules.get(step);
    if (reference === undefined) throw new Error(`the step ${step} has no module here`);
    return this.#fetch(reference.digest);
  }

  async #readModule(step: string): Promise<StoredModule> {
    const file = await this.moduleFile(step);
    const reference = this.#baseModules.get(step);
    if (reference === undefined) throw new Error(`the step ${step} has no module here`);
    if ((await digestFile(file)).sha256 !== reference.digest) {
      throw new LayerError(step, 'its module has another digest');
    }
    return { reference, file };
  }
}
