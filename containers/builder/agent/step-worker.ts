import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  inspectionFileSchema,
  type ManifestStep,
  moduleReferenceSchema,
  type Receipt,
  receiptSchema,
  testReportSchema,
} from '../../../core/builds/manifest.ts';
import { largestObject } from '../../../core/builds/parts.ts';
import type { ProgramOutcome } from '../contract.ts';
import { writeCapture } from '../layers/capture.ts';
import type { Difference } from '../layers/difference.ts';
import { digestFile } from '../layers/file-digest.ts';
import type { BlobSource, LayerShelf } from '../layers/shelf.ts';
import { StepError } from '../step-error.ts';
import { openLayerAccess } from './layer-access.ts';
import type { StageOptions } from './stage-options.ts';
import type { StageTree } from './stage-tree.ts';
import { prepareStep, programOf, runStep } from './step-run.ts';
import type { FileOutput, SmallOutput } from './store.ts';
import { type PlannedStep, pathsOf } from './tree-order.ts';
import { openUploadedFiles } from './uploaded-files.ts';
import type { Uploads } from './uploads.ts';

type Output = FileOutput | SmallOutput;

const smallOutputs: ReadonlySet<string> = new Set<SmallOutput>(['log', 'screen', 'inspection']);
type Outputs = readonly (readonly [
  Output,
  { readonly file: string; readonly size: number; readonly sha256: string },
])[];
type Report = (reported: Partial<Receipt>, outputs: Outputs) => void;

/** Where a step runs: in a tree that it is shown, or beside all trees until it asks for one. */
export interface StepPlace {
  readonly tree: StageTree;
  /** Called when the step has changed the tree for the last time; its layer is made when this has ended too. */
  readonly taken?: () => Promise<unknown>;
  /** Resolves when no step of the stage reads what this one has made any more. */
  readonly released?: () => Promise<unknown>;
  /** Unpacks the tree of a step that reads layers; undefined where the tree is there. */
  readonly unpack?: () => Promise<void>;
}

/** Runs single steps of a stage: program, capture, upload. */
export class StepWorker {
  readonly #options: StageOptions;
  readonly #shelf: LayerShelf;
  readonly #blobs: BlobSource;
  readonly #uploads: Uploads;
  /** Ends every step of the stage. */
  readonly #signal: AbortSignal;
  readonly #prepared = new Map<string, Promise<void>>();

  constructor(
    options: StageOptions,
    { shelf, blobs, uploads }: { shelf: LayerShelf; blobs: BlobSource; uploads: Uploads },
    signal: AbortSignal,
  ) {
    this.#options = options;
    this.#shelf = shelf;
    this.#blobs = blobs;
    this.#uploads = uploads;
    this.#signal = signal;
    // They come while the steps before run; who reads one hears of what is wrong with it.
    for (const step of options.manifest.steps) {
      for (const digest of this.#readsUploads(step)) blobs(digest).catch(() => undefined);
    }
  }

  #readsUploads(step: ManifestStep): readonly string[] {
    return programOf(this.#options.programs, step).declaration.readsUploads?.(step.options) ?? [];
  }

  /** Lets the step's program make ahead what it can; whether that went well is seen when the step runs. */
  prepare(planned: PlannedStep, place: StepPlace): void {
    const prepared = this.#prepare(planned, place);
    prepared.catch(() => undefined);
    this.#prepared.set(planned.step.id, prepared);
  }

  async #prepare({ step, number }: PlannedStep, { tree }: StepPlace): Promise<void> {
    const layers = openLayerAccess(this.#shelf, step, () => Promise.reject(new Error('no tree is there yet')));
    const folders = await this.#foldersOf(number);
    await prepareStep({ ...this.#runOptions(step), ...folders, tree: tree.path, layers });
  }

  async #foldersOf(number: number): Promise<{ readonly scratch: string; readonly outputs: string }> {
    const { folders } = this.#options;
    const scratch = join(folders.work, 'steps', String(number), 'scratch');
    const outputs = folders.outputs === undefined ? scratch : join(folders.outputs, String(number));
    await mkdir(scratch, { recursive: true });
    await mkdir(outputs, { recursive: true });
    return { scratch, outputs };
  }

  /** @throws StepError where it fails; the signal's reason where it was ended */
  async run(planned: PlannedStep, place: StepPlace): Promise<void> {
    const { step, number } = planned;
    const { log, heartbeat, folders, elapsed } = this.#options;
    const folder = join(folders.work, 'steps', String(number));
    const { scratch, outputs } = await this.#foldersOf(number);
    heartbeat.progress(step.id, 0);
    log.add(step.id, 'agent', `${step.program} begins`);
    const { tree } = place;
    let unpacked = place.unpack === undefined;
    const began = elapsed();
    if (unpacked) await (step.produces === 'layer' ? tree.beginStep(String(number)) : tree.show(String(number)));
    const layers = openLayerAccess(this.#shelf, step, async () => {
      await place.unpack?.();
      await tree.beginStep(String(number));
      unpacked = true;
    });
    const runOptions = { ...this.#runOptions(step), ...{ tree: tree.path, scratch, outputs, layers } };
    await (this.#prepared.get(step.id) ?? prepareStep(runOptions));
    const { outcome, ranCode } = await runStep(runOptions);
    const ran = elapsed();
    this.#signal.throwIfAborted();
    const report: Report = (reported, outputs) => {
      const milliseconds = { program: Math.round(ran - began), capture: Math.round(elapsed() - ran) };
      this.#send(step, { ...reported, facts: outcome.facts ?? {}, milliseconds }, outputs, place.released);
    };
    if (step.produces === 'layer') {
      const difference: Difference = unpacked
        ? await tree.endStep({ ranCode, writes: planned.declaration.writes, paths: pathsOf(planned) })
        : { entries: [], after: new Map() };
      const made = { folder, tree, difference, outcome, keeps: place.unpack === undefined };
      await Promise.all([this.#captureLayer(step, made, report), place.taken?.()]);
    } else if (step.produces === 'module') {
      await this.#takeModule(step, outcome, report);
    } else if (step.produces === 'report') {
      await this.#takeReport(step, outcome, report);
    } else if (step.produces === 'inspection') {
      await this.#takeInspection(step, outcome, report);
    } else {
      const { file, name, mediaType, written } = artifactOf(step, outcome);
      const { size, sha256 } = written ?? (await digestFile(file));
      checkSize(step, 'artifact', size);
      this.#shelf.putArtifact(step.id, { file, size, sha256 });
      const artifact = { ...{ name, size, sha256, mediaType }, type: step.program };
      report(receiptSchema.pick({ artifact: true }).parse({ artifact }), [['artifact', { file, size, sha256 }]]);
    }
    heartbeat.progress(step.id, 100);
    log.add(step.id, 'agent', `${step.program} done in ${((elapsed() - began) / 1_000).toFixed(1)} s`);
  }

  #runOptions(step: ManifestStep) {
    const { manifest, programs, log, heartbeat, folders, archiveFiles, launcher, scope, proxy } = this.#options;
    // Only where tenant code runs can a process be anywhere; beside it no other step runs.
    const tenant = manifest.steps.some((other) => other.trust === 'tenant');
    return {
      ...{ manifest, step, programs, launcher, log, archiveFiles, proxy },
      uploaded: (signal: AbortSignal) => openUploadedFiles(this.#blobs, this.#readsUploads(step), signal),
      scope: tenant ? scope : ('tree' as const),
      signal: this.#signal,
      work: folders.work,
      onProgress: (percent: number) => heartbeat.progress(step.id, percent),
    };
  }

  async #captureLayer(
    step: ManifestStep,
    made: { folder: string; tree: StageTree; difference: Difference; outcome: ProgramOutcome; keeps: boolean },
    report: Report,
  ): Promise<void> {
    const { inputs, taken } = made.outcome;
    const captured = await writeCapture({
      ...{ step: step.id, folder: made.folder, tree: made.tree.path, difference: made.difference },
      ...(inputs === undefined ? {} : { inputs }),
      ...(taken === undefined ? {} : { taken }),
    });
    if (made.keeps) made.tree.keep(step.id, captured.after);
    this.#shelf.put(captured.layer, captured.index);
    const { reference, layerFile, indexFile } = captured.layer;
    report({ layer: reference }, [
      ['layer', { file: layerFile, size: reference.size, sha256: reference.digest }],
      ['index', { file: indexFile, size: reference.indexSize, sha256: reference.index }],
    ]);
  }

  async #takeModule(step: ManifestStep, outcome: ProgramOutcome, report: Report): Promise<void> {
    if (outcome.module === undefined) throw new StepError('step.failed', `${step.program} made no module.`);
    const { file } = outcome.module;
    const { size, sha256 } = await digestFile(file);
    const module = moduleReferenceSchema.parse({ step: step.id, digest: sha256, size, layers: step.options.layers });
    this.#shelf.putModule(module, file);
    report({ module }, [['module', { file, size, sha256 }]]);
  }

  /** @throws StepError test.failed, with all that the machine showed on its way to the store */
  async #takeReport(step: ManifestStep, outcome: ProgramOutcome, report: Report): Promise<void> {
    const { test } = outcome;
    if (test === undefined) throw new StepError('step.failed', `${step.program} made no report.`);
    const [log, screen] = await Promise.all([
      digestFile(test.log),
      test.screen === undefined ? undefined : digestFile(test.screen),
    ]);
    const passed = test.failure === undefined;
    const outputs: Outputs = [
      ['log', { file: test.log, ...log }],
      ...(test.screen === undefined || screen === undefined
        ? []
        : [['screen', { file: test.screen, ...screen }] as const]),
    ];
    const seen = { passed, log, ...(screen === undefined ? {} : { screen }) };
    report({ test: testReportSchema.parse(seen) }, outputs);
    if (test.failure !== undefined) throw new StepError('test.failed', test.failure);
  }

  async #takeInspection(step: ManifestStep, outcome: ProgramOutcome, report: Report): Promise<void> {
    if (outcome.inspection === undefined) throw new StepError('step.failed', `${step.program} made no inspection.`);
    const { file } = outcome.inspection;
    const { size, sha256 } = await digestFile(file);
    report({ inspection: inspectionFileSchema.parse({ size, sha256 }) }, [['inspection', { file, size, sha256 }]]);
  }

  /**
   * Uploads a step's outputs and then its receipt, beside the steps that follow.
   * @param released what it waits for: the store may take files over as they are
   */
  #send(
    step: ManifestStep,
    reported: Partial<Receipt>,
    outputs: Outputs,
    released: (() => Promise<unknown>) | undefined,
  ): void {
    const { store } = this.#options;
    for (const [output, { size }] of outputs) checkSize(step, output, size);
    const receipt = receiptSchema.parse({ format: 'lbuild-receipt/1', step: step.id, key: step.key, ...reported });
    this.#uploads.add(async () => {
      await released?.();
      const parts: NonNullable<Receipt['parts']> = {};
      for (const [output, content] of outputs) {
        if (isSmall(output)) {
          await store.putSmall(step.id, output, content);
          continue;
        }
        const sent = await store.putFile(step.id, output, content);
        if (sent !== undefined) parts[output] = sent;
        // Later steps read layers and modules; of an artifact the tests are over.
        if (output === 'artifact') await rm(content.file, { force: true });
      }
      await store.putJson(step.id, 'receipt', Object.keys(parts).length === 0 ? receipt : { ...receipt, parts });
    });
  }
}

const isSmall = (output: Output): output is SmallOutput => smallOutputs.has(output);

/** @throws StepError limit.output */
function checkSize(step: ManifestStep, output: Output, size: number): void {
  if (size <= largestObject) return;
  throw new StepError(
    'limit.output',
    `The ${output} that ${step.program} made has ${size} bytes, more than the ${largestObject} that an output may have.`,
  );
}

function artifactOf(step: ManifestStep, outcome: ProgramOutcome): NonNullable<ProgramOutcome['artifact']> {
  if (outcome.artifact === undefined) throw new StepError('step.failed', `${step.program} made no artifact.`);
  return outcome.artifact;
}
