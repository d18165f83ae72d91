import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Manifest,
  type ManifestStep,
  type Receipt,
  receiptSchema,
  type StageResult,
  type StepFailure,
  stageResultSchema,
} from '../../../core/builds/manifest.ts';
import type { ProgramOutcome } from '../contract.ts';
import { captureLayer } from '../layers/capture.ts';
import { normaliseTree } from '../layers/normalise.ts';
import { restoreLayers } from '../layers/restore.ts';
import type { TreeIndex } from '../layers/tree-index.ts';
import { StepError } from '../step-error.ts';
import { fetchBaseLayers } from './base-layers.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { AttemptLog } from './log.ts';
import type { ProcessScope } from './processes.ts';
import { type Programs, runStep } from './step-run.ts';
import { digestFile, type Store } from './store.ts';
import { Uploads } from './uploads.ts';
import { type BuilderMode, openContainedWorkspace, openOverlayWorkspace, type Workspace } from './workspace.ts';

export interface StageOptions {
  readonly manifest: Manifest;
  readonly programs: Programs;
  readonly store: Store;
  readonly log: AttemptLog;
  readonly heartbeat: Pick<Heartbeat, 'progress'>;
  readonly mode: BuilderMode;
  readonly scope: ProcessScope;
  /** Path of confine.pl. */
  readonly launcher: string;
  readonly folders: { readonly work: string; readonly inputs: string; readonly packageCache: string | undefined };
  /** Milliseconds since the attempt began. */
  readonly elapsed: () => number;
  /** Ends the stage: its reason is a StepError build.cancelled (a result is written), or anything else (none is). */
  readonly signal: AbortSignal;
  /** Called when all steps have ended and only the result is still to be written: the log is complete. */
  beforeResult(): Promise<void>;
}

interface StageTimes {
  restore: number;
  steps: number;
  transfer: number;
}

/** One stage's work, from the base layers to the result. */
class Stage {
  readonly #options: StageOptions;
  readonly #workspace: Workspace;
  readonly #uploads = new Uploads();
  readonly #times: StageTimes = { restore: 0, steps: 0, transfer: 0 };
  #index: TreeIndex = new Map();

  constructor(options: StageOptions, workspace: Workspace) {
    this.#options = options;
    this.#workspace = workspace;
  }

  async run(): Promise<StageResult> {
    const { manifest, elapsed, signal } = this.#options;
    let failure: StepFailure | undefined;
    let current = manifest.steps[0]?.id ?? '-';
    try {
      await this.#restore();
      for (const [number, step] of manifest.steps.entries()) {
        current = step.id;
        signal.throwIfAborted();
        const began = elapsed();
        await this.#step(number, step);
        this.#times.steps += elapsed() - began;
      }
    } catch (error) {
      if (signal.aborted && !(signal.reason instanceof StepError)) throw signal.reason;
      failure = this.#failureOf(current, signal.aborted ? signal.reason : error);
    }
    await this.#workspace.close();
    const waiting = elapsed();
    // The log is complete: it goes up beside the last outputs.
    await Promise.all([
      this.#uploads.all(failure?.code === 'build.cancelled' ? 1_500 : undefined),
      this.#options.beforeResult(),
    ]);
    this.#times.transfer += elapsed() - waiting;
    return this.#result(failure);
  }

  async settleUploads(milliseconds: number): Promise<void> {
    await this.#uploads.all(milliseconds).catch(() => undefined);
    await this.#workspace.close().catch(() => undefined);
  }

  async #restore(): Promise<void> {
    const { manifest, store, folders, elapsed } = this.#options;
    const began = elapsed();
    const layers = await fetchBaseLayers(
      manifest.base,
      { inputs: folders.inputs, blobs: join(folders.work, 'blobs') },
      store,
    );
    const fetched = elapsed();
    this.#index = await restoreLayers(this.#workspace.base, layers, manifest.sourceDateEpoch);
    await rm(join(folders.work, 'blobs'), { recursive: true, force: true });
    this.#times.transfer += fetched - began;
    this.#times.restore += elapsed() - fetched;
  }

  async #step(number: number, step: ManifestStep): Promise<void> {
    const { manifest, programs, log, heartbeat, folders, launcher, scope, signal, elapsed } = this.#options;
    const folder = join(folders.work, 'steps', String(number));
    const scratch = join(folder, 'scratch');
    await mkdir(scratch, { recursive: true });
    const { tree } = this.#workspace;
    heartbeat.progress(step.id, 0);
    log.add(step.id, 'agent', `${step.program} begins`);
    const source = step.produces === 'layer' ? await this.#workspace.beginStep(number) : undefined;
    if (source === undefined) await this.#workspace.showTree(number);
    const began = elapsed();
    const { outcome, ranCode } = await runStep({
      ...{ manifest, step, programs, tree, scratch, launcher, scope, log, signal },
      work: folders.work,
      // Tenant code must not reach what other builds read.
      packageCache: step.trust === 'service' ? folders.packageCache : undefined,
      onProgress: (percent) => heartbeat.progress(step.id, percent),
    });
    const ran = elapsed();
    signal.throwIfAborted();
    const facts = outcome.facts ?? {};
    const times = () => ({
      program: Math.round(ran - began),
      capture: Math.round(elapsed() - ran),
    });
    if (source !== undefined) {
      await normaliseTree(tree, manifest.sourceDateEpoch);
      const captured = await captureLayer({
        ...source,
        readAll: ranCode && this.#workspace.hidesWrites,
        ...{ tree, folder, step: step.id },
        before: this.#index,
        sourceDateEpoch: manifest.sourceDateEpoch,
        treeBytes: manifest.limits.treeBytes,
      });
      this.#index = captured.after;
      const { reference, layerFile, indexFile } = captured;
      this.#send(folder, step, { layer: reference, facts, milliseconds: times() }, [
        ['layer', { file: layerFile, size: reference.size, sha256: reference.digest }],
        ['index', { file: indexFile, size: reference.indexSize, sha256: reference.index }],
      ]);
    } else {
      const { file, name, mediaType } = artifactOf(step, outcome);
      const { size, sha256 } = await digestFile(file);
      const artifact = { name, type: step.program, size, sha256, mediaType };
      this.#send(folder, step, { artifact, facts, milliseconds: times() }, [['artifact', { file, size, sha256 }]]);
    }
    heartbeat.progress(step.id, 100);
    log.add(step.id, 'agent', `${step.program} done in ${((elapsed() - began) / 1_000).toFixed(1)} s`);
  }

  /** Uploads a step's outputs and then its receipt, beside the steps that follow. */
  #send(
    folder: string,
    step: ManifestStep,
    reported: Record<string, unknown>,
    outputs: readonly ['layer' | 'index' | 'artifact', { file: string; size: number; sha256: string }][],
  ): void {
    const { store } = this.#options;
    const receipt: Receipt = receiptSchema.parse({
      format: 'lbuild-receipt/1',
      step: step.id,
      key: step.key,
      ...reported,
    });
    this.#uploads.add(async () => {
      for (const [output, content] of outputs) await store.putFile(step.id, output, content);
      await store.putJson(step.id, 'receipt', receipt);
      await rm(folder, { recursive: true, force: true });
    });
  }

  #failureOf(step: string, error: unknown): StepFailure {
    const { log } = this.#options;
    const known = error instanceof StepError ? error : undefined;
    const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
    const reason = error instanceof Error ? error.message : 'the step failed';
    const tail = log.tail(step);
    log.add(step, 'agent', reason);
    return {
      step,
      code: known?.code ?? (full ? 'limit.disk' : 'step.failed'),
      reason: reason.slice(0, 2_000).toWellFormed(),
      ...(known?.exitCode === undefined ? {} : { exitCode: known.exitCode }),
      logTail: tail,
    };
  }

  #result(failure: StepFailure | undefined): StageResult {
    const { manifest, elapsed } = this.#options;
    return stageResultSchema.parse({
      format: 'lbuild-result/1',
      stageId: manifest.stageId,
      attempt: manifest.attempt,
      outcome: failure === undefined ? 'succeeded' : 'failed',
      ...(failure === undefined ? {} : { failure }),
      milliseconds: {
        total: Math.round(elapsed()),
        restore: Math.round(this.#times.restore),
        steps: Math.round(this.#times.steps),
        transfer: Math.round(this.#times.transfer),
      },
    });
  }
}

function artifactOf(step: ManifestStep, outcome: ProgramOutcome): NonNullable<ProgramOutcome['artifact']> {
  if (outcome.artifact === undefined) throw new StepError('step.failed', `${step.program} made no artifact.`);
  return outcome.artifact;
}

/**
 * Runs a stage: restores the base, runs each step, captures and uploads what it made, and uploads the result.
 * @returns the result that was written: a step's failure is an answer, no exception
 * @throws the signal's reason where the stage was ended by anything but cancellation; TransferError, ExchangeError or
 *   TicketRefused where the engine or the store cannot be reached
 */
export async function runStage(options: StageOptions): Promise<StageResult> {
  const { folders, mode, store } = options;
  const workspace =
    mode === 'privileged' ? await openOverlayWorkspace(folders.work) : await openContainedWorkspace(folders.work);
  const stage = new Stage(options, workspace);
  try {
    const result = await stage.run();
    await store.putJson('-', 'result', result);
    return result;
  } catch (error) {
    await stage.settleUploads(5_000);
    throw error;
  }
}
