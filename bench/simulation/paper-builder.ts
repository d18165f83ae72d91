import { zstdCompressSync } from 'node:zlib';
import type { ExchangeRequest } from '../../core/builds/exchange.ts';
import { answerExchange } from '../../core/builds/exchange-service.ts';
import type { LayerIndexHeader } from '../../core/builds/layer-index.ts';
import {
  artifactTypes,
  type Manifest,
  type ManifestStep,
  manifestSchema,
  type Receipt,
  type StageResult,
  type StepFailure,
} from '../../core/builds/manifest.ts';
import type { JsonValue } from '../../core/digest.ts';
import { sha256 } from '../../core/digest.ts';
import { readJson, utf8 } from '../../core/json.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Table } from '../../core/ports/table.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { stoppedTask } from '../../local/flow/failure.ts';
import { type MemoryBlobs, placeOfUrl } from './memory-blobs.ts';
import type { AttemptDraw } from './workload.ts';

export interface BuilderPorts {
  readonly table: Table;
  readonly blobs: MemoryBlobs;
  readonly vault: Vault;
  readonly clock: Clock;
}

/** What an attempt is made to do. */
export interface BuilderTask {
  readonly manifestUrl: string;
  readonly draw: AttemptDraw;
  /** Milliseconds of each step. */
  readonly stepMilliseconds: number;
  readonly signal: AbortSignal;
  /** It goes on whatever its heartbeats are answered. */
  readonly deaf?: boolean;
}

/**
 * An agent on paper time: it fetches its manifest, takes the time of its steps, and tells the exchange all that an agent
 * tells: heartbeats, what it fetches, what it uploads. What it makes is small and depends on the step's key alone.
 * @throws TaskFailed where the task is lost; the signal's reason
 */
export async function runPaperBuilder(ports: BuilderPorts, task: BuilderTask): Promise<JsonValue> {
  return new PaperBuilder(ports, task).run();
}

class PaperBuilder {
  readonly #ports: BuilderPorts;
  readonly #task: BuilderTask;
  /** Milliseconds of steps that are left until something happens to the task. */
  #left: number;

  constructor(ports: BuilderPorts, task: BuilderTask) {
    this.#ports = ports;
    this.#task = task;
    this.#left = task.draw.interruptedAfter;
  }

  async run(): Promise<JsonValue> {
    const { draw, signal } = this.#task;
    await this.#ports.clock.sleep(draw.startUp, signal);
    signal.throwIfAborted();
    if (draw.failsToStart) throw stoppedTask('task', 'TaskFailedToStart', 'CannotPullContainerError');
    const bytes = await this.#ports.blobs.get(placeOfUrl(this.#task.manifestUrl));
    if (bytes === undefined) throw new Error('the manifest is missing');
    const manifest = manifestSchema.parse(readJson(bytes));
    const work = manifest.steps.length * this.#task.stepMilliseconds;
    if (draw.lostAfter !== undefined) this.#left = Math.min(this.#left, draw.lostAfter * work);
    for (const { digest, index } of manifest.base) {
      await this.#ask(manifest, { kind: 'fetch', digest });
      await this.#ask(manifest, { kind: 'fetch', digest: index });
    }
    let failure: StepFailure | undefined;
    for (const step of manifest.steps) {
      failure = await this.#step(manifest, step);
      if (failure !== undefined) break;
    }
    await this.#upload(manifest, '-', 'result', utf8(JSON.stringify(resultOf(manifest, failure))));
    return {};
  }

  /** Answers why it failed, where it did. */
  async #step(manifest: Manifest, step: ManifestStep): Promise<StepFailure | undefined> {
    const heartbeat = manifest.limits.heartbeatSeconds * 1_000;
    for (let rest = this.#task.stepMilliseconds; rest > 0; rest -= heartbeat) {
      const length = Math.min(rest, heartbeat, this.#left);
      await this.#ports.clock.sleep(length, this.#task.signal);
      this.#task.signal.throwIfAborted();
      this.#left -= length;
      if (this.#left <= 0) throw this.#stopped();
      const progress = { step: step.id, percent: 50 };
      const asked = this.#ask(manifest, { kind: 'heartbeat', progress });
      // A deaf one goes on, whatever it is answered, also where its ticket is not taken any more.
      const answer = this.#task.deaf === true ? await asked.catch(() => undefined) : await asked;
      if (answer?.kind === 'heartbeat' && answer.cancelled && this.#task.deaf !== true) {
        return { step: step.id, code: 'build.cancelled', reason: 'the build was cancelled', logTail: [] };
      }
    }
    const last = step.id === manifest.steps.at(-1)?.id;
    if (last && this.#task.draw.stepFails) {
      return { step: step.id, code: 'script.failed', reason: 'exit code 1', exitCode: 1, logTail: [] };
    }
    await this.#upload(manifest, step.id, 'receipt', utf8(JSON.stringify(await this.#outputs(manifest, step))));
    return undefined;
  }

  #stopped(): Error {
    const lost = this.#task.draw.lostAfter !== undefined;
    return lost
      ? stoppedTask('task', 'EssentialContainerExited', 'The container exited')
      : stoppedTask('task', 'SpotInterruption', 'Spot took it back');
  }

  async #outputs(manifest: Manifest, step: ManifestStep): Promise<Receipt> {
    const put = async (output: 'layer' | 'index' | 'module' | 'artifact' | 'log') => {
      const bytes = output === 'index' ? paperIndex(step) : utf8(`${output} of ${step.key}`);
      await this.#upload(manifest, step.id, output, bytes);
      return { size: bytes.length, digest: sha256(bytes) };
    };
    const receipt = {
      format: 'lbuild-receipt/1' as const,
      step: step.id,
      key: step.key,
      facts: {},
      milliseconds: { program: Math.round(this.#task.stepMilliseconds), capture: 0 },
    };
    if (step.produces === 'layer') {
      const [layer, index] = [await put('layer'), await put('index')];
      const diffId = sha256(`diff of ${step.key}`);
      return { ...receipt, layer: { step: step.id, ...layer, diffId, index: index.digest, indexSize: index.size } };
    }
    if (step.produces === 'module') {
      const layers = Array.isArray(step.options.layers) ? step.options.layers.map(String) : [];
      return { ...receipt, module: { step: step.id, ...(await put('module')), layers } };
    }
    if (step.produces === 'report') {
      const { size, digest } = await put('log');
      return { ...receipt, test: { passed: true, log: { size, sha256: digest } } };
    }
    const { size, digest } = await put('artifact');
    const type = artifactTypes.find((name) => name === step.program);
    if (type === undefined) throw new Error(`${step.program} makes no artifact`);
    return {
      ...receipt,
      artifact: { name: 'image', type, size, sha256: digest, mediaType: 'application/octet-stream' },
    };
  }

  async #upload(
    manifest: Manifest,
    step: string,
    output: Extract<ExchangeRequest, { kind: 'declare' }>['output'],
    bytes: Uint8Array,
  ): Promise<void> {
    const answer = await this.#ask(manifest, {
      kind: 'declare',
      ...{ step, output },
      size: bytes.length,
      sha256: sha256(bytes),
    });
    if (answer.kind !== 'upload') throw new Error('a declaration is answered with an upload');
    const contentType = 'application/octet-stream';
    await this.#ports.blobs.put(placeOfUrl(answer.request.url), bytes, { contentType, ifAbsent: true });
  }

  #ask({ buildId, stageId, attempt, ticket }: Manifest, request: ExchangeRequest) {
    return answerExchange(this.#ports, { ...{ buildId, stageId, attempt, ticket }, request });
  }
}

/** The index of a layer that holds one folder, named after the step's key. */
function paperIndex(step: ManifestStep): Uint8Array {
  const header: LayerIndexHeader = { format: 'lbuild-layer-index/1', step: step.id, entries: 1 };
  return zstdCompressSync(`${JSON.stringify(header)}\n${JSON.stringify({ path: step.key, type: 'directory' })}\n`);
}

function resultOf(manifest: Manifest, failure: StepFailure | undefined): StageResult {
  return {
    format: 'lbuild-result/1',
    stageId: manifest.stageId,
    attempt: manifest.attempt,
    outcome: failure === undefined ? 'succeeded' : 'failed',
    ...(failure === undefined ? {} : { failure }),
    milliseconds: { total: 0, restore: 0, steps: 0, transfer: 0 },
  };
}
