import { setTimeout as sleep } from 'node:timers/promises';
import { answerExchange } from '../../core/builds/exchange-service.ts';
import type { LayerIndexHeader, PackageStanza } from '../../core/builds/layer-index.ts';
import {
  type Manifest,
  type ManifestStep,
  manifestSchema,
  type Receipt,
  type StageResult,
  type StepFailure,
} from '../../core/builds/manifest.ts';
import { manifestPlace, stagingPlace } from '../../core/builds/places.ts';
import { findAttempt } from '../../core/builds/stage-repository.ts';
import { sha256 } from '../../core/digest.ts';
import { readJson, utf8 } from '../../core/json.ts';
import type { Inspection } from '../../core/plan/programs/inspection.ts';
import { uploadsOfSteps } from '../../core/plan/uploads-of-steps.ts';
import type { Ports } from '../../core/ports/ports.ts';
import { TaskFailed } from '../../local/flow/failure.ts';
import type { RunTaskRequest } from '../../local/flow/run-task.ts';
import { folderIndex } from './folder-index.ts';

/** What a step does in the stand-in: how long it works, and how it ends. Without one it works for no time and succeeds. */
export interface StepScript {
  readonly milliseconds?: number;
  readonly fails?: StepFailure['code'];
  /** Ends the task without a word, as the host does. */
  readonly stop?: 'SpotInterruption' | 'TerminationNotice';
  /** The package database's state after the step. */
  readonly packages?: readonly PackageStanza[];
  /** What the step took from archives. */
  readonly taken?: LayerIndexHeader['taken'];
  /** Makes something else of the same key, as a script does that looks at the clock. */
  readonly makes?: string;
  /** Of an inspection: what it finds; without it, an empty tree. */
  readonly finds?: Inspection;
  /** Of a boot test: what it shows is that the image does not boot. */
  readonly fallsThrough?: true;
  /** Says of what it works on that it is damaged, whether or not it is. */
  readonly refuses?: true;
}

export interface StandInAgent {
  /** By step, for its next run and all after; the last of several stays. */
  readonly scripts: Map<string, StepScript[]>;
  /** Each step that began, with its build: `bld_… packages`. */
  readonly began: string[];
  /** The most stages that ran at one time, by build. */
  readonly most: Map<string, number>;
  run(ports: Ports, request: RunTaskRequest, signal: AbortSignal): Promise<void>;
}

/**
 * A builder without a builder: it reads its manifest, checks what it is to work on, runs each step by its script, and
 * uploads layers that are nothing but the step's key, receipts and the result. All that it says goes the way that an
 * agent's words go, so the engine's own functions decide about it.
 */
export function standInAgent(): StandInAgent {
  const running = new Map<string, number>();
  const agent: StandInAgent = {
    scripts: new Map(),
    began: [],
    most: new Map(),
    async run(ports, request, signal) {
      const { buildId } = request;
      const now = (running.get(buildId) ?? 0) + 1;
      running.set(buildId, now);
      agent.most.set(buildId, Math.max(now, agent.most.get(buildId) ?? 0));
      try {
        await runAttempt(agent, ports, request, signal);
      } finally {
        running.set(buildId, (running.get(buildId) ?? 1) - 1);
      }
    },
  };
  return agent;
}

async function runAttempt(
  agent: StandInAgent,
  ports: Ports,
  request: RunTaskRequest,
  signal: AbortSignal,
): Promise<void> {
  const { buildId, stageId, attempt } = request;
  const bytes = await ports.blobs.get(manifestPlace(buildId, stageId, attempt));
  if (bytes === undefined) throw new Error('there is no manifest');
  const manifest = manifestSchema.parse(readJson(bytes));
  let failure = await damageOf(ports, manifest);
  for (const step of failure === undefined ? manifest.steps : []) {
    agent.began.push(`${buildId} ${step.id}`);
    failure = await runStep(agent, ports, manifest, step, signal);
    if (failure !== undefined) break;
  }
  const result: StageResult = {
    format: 'lbuild-result/1',
    stageId,
    attempt,
    outcome: failure === undefined ? 'succeeded' : 'failed',
    ...(failure === undefined ? {} : { failure }),
    milliseconds: { total: 0, restore: 0, steps: 0, transfer: 0 },
  };
  await put(ports, manifest, '-', 'result', utf8(JSON.stringify(result)));
  if (failure?.code === 'layer.damaged') throw ended('EssentialContainerExited', 65);
}

/** Reads all that the attempt works on, as an agent does. */
async function damageOf(ports: Ports, manifest: Manifest): Promise<StepFailure | undefined> {
  const attempt = await findAttempt(ports.table, manifest.buildId, manifest.stageId, manifest.attempt);
  for (const { step, digest, index } of manifest.base) {
    for (const name of [digest, index]) {
      const content = await ports.blobs.get({ bucket: 'work', path: attempt?.value.blobs[name] ?? '-' });
      if (content === undefined || sha256(content) !== name) return failed(step, 'layer.damaged');
    }
  }
  for (const step of manifest.steps) {
    for (const name of uploadsOfSteps([step])) {
      const content = await ports.blobs.get({ bucket: 'work', path: attempt?.value.blobs[name] ?? '-' });
      if (content === undefined || sha256(content) !== name) return failed(step.id, 'layer.damaged');
    }
  }
  return undefined;
}

async function runStep(
  agent: StandInAgent,
  ports: Ports,
  manifest: Manifest,
  step: ManifestStep,
  signal: AbortSignal,
): Promise<StepFailure | undefined> {
  const scripts = agent.scripts.get(step.id) ?? [];
  const script = (scripts.length > 1 ? scripts.shift() : scripts[0]) ?? {};
  const { buildId, stageId, attempt, ticket } = manifest;
  for (let worked = 0; worked < (script.milliseconds ?? 0); worked += 20) {
    await sleep(20, undefined, { signal });
    const call = { buildId, stageId, attempt, ticket, request: { kind: 'heartbeat' as const } };
    const answer = await answerExchange(ports, call);
    if (answer.kind === 'heartbeat' && answer.cancelled) return failed(step.id, 'build.cancelled');
  }
  if (script.stop !== undefined) throw ended(script.stop);
  if (script.refuses === true) return failed(step.id, 'layer.damaged');
  if (script.fails !== undefined) return failed(step.id, script.fails);
  await upload(ports, manifest, step, script);
  return script.fallsThrough === true ? failed(step.id, 'test.failed') : undefined;
}

async function upload(ports: Ports, manifest: Manifest, step: ManifestStep, script: StepScript): Promise<void> {
  const made = `${step.key}${script.makes ?? ''}`;
  const layer = utf8(step.produces === 'inspection' ? JSON.stringify(script.finds ?? nothingFound) : `layer ${made}`);
  const index = await folderIndex(step, script.packages, script.makes, script.taken);
  const size = layer.length;
  const digest = sha256(layer);
  if (step.produces === 'report') {
    await put(ports, manifest, step.id, 'log', layer);
    await put(ports, manifest, step.id, 'screen', layer);
  } else {
    await put(ports, manifest, step.id, step.produces, layer);
  }
  if (step.produces === 'layer') await put(ports, manifest, step.id, 'index', index);
  const { fileName } = step.options;
  const receipt: Receipt = {
    format: 'lbuild-receipt/1',
    step: step.id,
    key: step.key,
    facts: {},
    milliseconds: { program: script.milliseconds ?? 0, capture: 0 },
    ...output(),
  };
  function output(): Partial<Receipt> {
    if (step.produces === 'layer') {
      return { layer: { step: step.id, digest, size, diffId: digest, index: sha256(index), indexSize: index.length } };
    }
    if (step.produces === 'module') return { module: { step: step.id, digest, size, layers: [...step.needs] } };
    if (step.produces === 'report') {
      const file = { size, sha256: digest };
      return { test: { passed: script.fallsThrough !== true, log: file, screen: file } };
    }
    if (step.produces === 'inspection') return { inspection: { size, sha256: digest } };
    const type = step.program === 'iso' || step.program === 'raw' ? step.program : 'tar';
    return { artifact: { name: String(fileName), type, size, sha256: digest, mediaType: 'application/octet-stream' } };
  }
  await put(ports, manifest, step.id, 'receipt', utf8(JSON.stringify(receipt)));
}

/** What an inspection finds in a tree without anything. */
const nothingFound: Inspection = {
  ...{ format: 'lbuild-inspection/1', entries: [], texts: {}, unread: [], accounts: [], groups: [], packages: [] },
  ...{ owners: {}, privileged: [], secrets: { count: 0, found: [] } },
  ...{ worldWritable: { count: 0, paths: [] }, unowned: { count: 0, paths: [] } },
  ...{ changed: { count: 0, paths: [] }, unverified: { count: 0, paths: [] } },
};

async function put(ports: Ports, manifest: Manifest, step: string, output: string, bytes: Uint8Array): Promise<void> {
  const place = stagingPlace(manifest.buildId, manifest.stageId, manifest.attempt, step, output);
  await ports.blobs.put(place, bytes, { contentType: 'application/octet-stream' });
}

function failed(step: string, code: StepFailure['code']): StepFailure {
  return { step, code, reason: `the stand-in says ${code}`, logTail: [] };
}

function ended(StopCode: string, ExitCode?: number): TaskFailed {
  const container = { Name: 'builder', ...(ExitCode === undefined ? {} : { ExitCode }) };
  return new TaskFailed(
    'States.TaskFailed',
    JSON.stringify({ StopCode, StoppedReason: StopCode, Containers: [container] }),
  );
}
