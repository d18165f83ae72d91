import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exchangeOver } from '../../containers/builder/agent/exchange-client.ts';
import { Store } from '../../containers/builder/agent/store.ts';
import type { ExchangeRequest, ExchangeResponse } from '../../core/builds/exchange.ts';
import { type Manifest, type ManifestStep, manifestSchema, type Receipt } from '../../core/builds/manifest.ts';
import { artifactPlace, blobPlace, manifestPlace } from '../../core/builds/places.ts';
import { loadPlan, planStep, scopeOf } from '../../core/builds/plan-store.ts';
import { findResult } from '../../core/builds/stage-repository.ts';
import { sha256 } from '../../core/digest.ts';
import { readJson } from '../../core/json.ts';
import type { Ports } from '../../core/ports/ports.ts';
import { exchange as exchangeOperation } from '../../functions/api/stages/exchange.ts';
import { maxBodyBytes } from '../../functions/shared/request-body.ts';
import { createRouter } from '../../functions/shared/router.ts';
import { TaskFailed } from '../../local/flow/failure.ts';
import { startHttpFront } from '../../local/http/front.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, openControlPlane } from '../support/control-plane.ts';
import { folderIndex } from '../support/folder-index.ts';
import { put, TicketThief } from '../support/ticket-thief.ts';

type Ask = (request: ExchangeRequest) => Promise<ExchangeResponse>;

/** S3's smallest part; the product's are larger. */
const partSize = 5 * 1024 ** 2;
const large = randomBytes(2 * partSize + 1_234);
const folder = mkdtempSync(join(tmpdir(), 'lbuild-parts-'));
let plane: ControlPlane;
let front: Awaited<ReturnType<typeof startHttpFront>>;
/** What the agents asked, in order. */
let asked: ExchangeRequest[];
/** Which step makes the large output. */
let largeStep: string;
/** Changes what is said of a step, or ends the task. */
let dishonest: (receipt: Receipt) => Receipt;
/** Loses answers on their way. */
let throughNetwork: (ask: Ask) => Ask;

beforeAll(async () => {
  plane = await openControlPlane(archive);
  const log = { request: () => undefined, failure: (_: unknown, cause: unknown) => console.error(cause) };
  const handle = createRouter({ ports: plane.ports, operations: [exchangeOperation], log, validateResponses: true });
  front = await startHttpFront({ handle, maxBodyBytes, ids: plane.ports.ids });
  plane.agent.run = async (ports, { buildId, stageId, attempt }) => {
    const bytes = await ports.blobs.get(manifestPlace(buildId, stageId, attempt));
    await runAttempt(manifestSchema.parse(readJson(bytes ?? new Uint8Array())));
  };
});
afterAll(async () => {
  await front.close();
  await plane.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  asked = [];
  dishonest = (receipt) => receipt;
  throughNetwork = (ask) => ask;
});

/** Does what an agent does, with an agent's own store: the exchange and the object store are the engine's. */
async function runAttempt(manifest: Manifest): Promise<void> {
  const { buildId, stageId, attempt } = manifest;
  const signal = AbortSignal.timeout(60_000);
  const url = `${front.url}/v1/stages/${buildId}.${stageId}/attempts/${attempt}:exchange`;
  const thief = new TicketThief(manifest, '');
  const ask: Ask = async (request) => {
    asked.push(request);
    const { answer, refusal } = await thief.ask(request, url);
    if (answer === undefined) throw new Error(refusal);
    return answer;
  };
  const options = { signal, random: () => 0, parts: { threshold: partSize, size: partSize } };
  const store = new Store(exchangeOver(throughNetwork(ask)), options);
  for (const step of manifest.steps) await runStep(store, step);
  const milliseconds = { total: 0, restore: 0, steps: 0, transfer: 0 };
  const result = { format: 'lbuild-result/1', stageId, attempt, outcome: 'succeeded', milliseconds };
  await store.putJson('-', 'result', result);
}

async function runStep(store: Store, step: ManifestStep): Promise<void> {
  if (step.produces === 'report' || step.produces === 'inspection') throw new Error('these builds have no tests');
  const bytes = step.id === largeStep ? large : Buffer.from(`made by ${step.key}`);
  const file = join(folder, step.id);
  writeFileSync(file, bytes);
  const [size, digest] = [bytes.length, sha256(bytes)];
  const parts = await store.putFile(step.id, step.produces, { file, size, sha256: digest });
  const index = await folderIndex(step);
  const [indexFile, indexSize, indexDigest] = [join(folder, `${step.id}-index`), index.length, sha256(index)];
  writeFileSync(indexFile, index);
  if (step.produces === 'layer') {
    await store.putFile(step.id, 'index', { file: indexFile, size: indexSize, sha256: indexDigest });
  }
  const layer = { step: step.id, digest, size, diffId: digest, index: indexDigest, indexSize };
  const name = String(step.options.fileName);
  const artifact = { name, type: 'tar' as const, size, sha256: digest, mediaType: 'application/octet-stream' };
  const receipt: Receipt = {
    ...{ format: 'lbuild-receipt/1', step: step.id, key: step.key, facts: {} },
    milliseconds: { program: 0, capture: 0 },
    ...(step.produces === 'layer' ? { layer } : { artifact }),
    ...(parts === undefined ? {} : { parts: { [step.produces]: parts } }),
  };
  await store.putJson(step.id, 'receipt', dishonest(receipt));
}

async function build(hostname: string) {
  const spec = specWith({ system: { hostname }, outputs: [{ type: 'tar' }] });
  return plane.ended((await plane.submit(spec)).id);
}

const kinds = () => asked.map(({ kind }) => kind).filter((kind) => kind.includes('part'));

async function layerOf(ports: Ports, buildId: string, stepId: string) {
  const step = planStep(await loadPlan(ports.blobs, buildId), stepId);
  const scope = scopeOf(step, 'ten_1');
  return { result: await findResult(ports.table, scope, step.key), place: blobPlace(scope, sha256(large)) };
}

describe('a large output', () => {
  it('goes up in parts, is promoted, and has the digest that the store itself computed', async () => {
    largeStep = 'tar';
    const ended = await build('artifact');
    expect(ended.failure).toBeUndefined();
    expect(kinds()).toEqual(['declare-parts', 'declare-part', 'declare-part', 'declare-part', 'complete-parts']);
    const stored = await plane.ports.blobs.head(artifactPlace('ten_1', sha256(large)));
    expect(stored).toMatchObject({ size: large.length, sha256: sha256(large) });
  });

  it('is the same whatever answers are lost on the way', async () => {
    largeStep = 'system';
    const lost = new Set<string>();
    throughNetwork = (ask) => async (request) => {
      const answer = await ask(request);
      if (lost.has(request.kind)) return answer;
      lost.add(request.kind);
      // A part whose own answer is lost: the store has taken it, and the connection is gone.
      if (request.kind === 'declare-part' && answer.kind === 'upload') {
        const part = large.subarray((request.number - 1) * partSize, request.number * partSize);
        expect(await put(answer.request, part)).toBe(200);
        return { ...answer, request: { ...answer.request, url: 'http://127.0.0.1:1/' } };
      }
      // Asked again, as an agent does that heard nothing.
      return ask(request);
    };
    const ended = await build('lost');
    expect(ended.failure).toBeUndefined();
    expect(kinds().filter((kind) => kind === 'declare-part')).toHaveLength(4);
    expect(kinds().filter((kind) => kind === 'complete-parts')).toHaveLength(2);
    const { result, place } = await layerOf(plane.ports, ended.id, 'system');
    expect(result?.layer?.digest).toBe(sha256(large));
    expect(Buffer.from((await plane.ports.blobs.get(place)) ?? []).equals(large)).toBe(true);
  });

  it('is not promoted where its receipt names other parts', async () => {
    largeStep = 'system';
    dishonest = (receipt) => {
      const parts = receipt.parts?.layer;
      if (parts === undefined) return receipt;
      return { ...receipt, parts: { layer: { ...parts, sha256: parts.sha256.map(() => sha256('forged')) } } };
    };
    const ended = await build('forged-parts');
    expect(ended.failure).toMatchObject({ code: 'builder.result_invalid' });
    expect((await layerOf(plane.ports, ended.id, 'system')).result).toBeUndefined();
  });

  it('is not promoted where the digest of the whole is forged', async () => {
    largeStep = 'system';
    const digest = sha256('forged');
    dishonest = (receipt) =>
      receipt.parts?.layer === undefined || receipt.layer === undefined
        ? receipt
        : { ...receipt, layer: { ...receipt.layer, digest } };
    const ended = await build('forged-whole');
    expect(ended.failure).toMatchObject({ code: 'builder.result_invalid' });
    const { result, place } = await layerOf(plane.ports, ended.id, 'system');
    expect([result, await plane.ports.blobs.head({ ...place, path: place.path.replace(/[^/]+$/, digest) })]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('leaves no part behind where its task ends in the middle', async () => {
    largeStep = 'system';
    let sent: { request: Parameters<typeof put>[0]; number: number } | undefined;
    throughNetwork = (ask) => async (request) => {
      if (request.kind === 'complete-parts') throw new Error('the task is no more');
      const answer = await ask(request);
      if (request.kind === 'declare-part' && answer.kind === 'upload') {
        sent = { request: answer.request, number: request.number };
      }
      return answer;
    };
    const { run } = plane.agent;
    plane.agent.run = (...call) =>
      run(...call).catch(() => {
        const cause = { StopCode: 'EssentialContainerExited', Containers: [{ Name: 'builder', ExitCode: 70 }] };
        throw new TaskFailed('States.TaskFailed', JSON.stringify(cause));
      });
    const ended = await build('cut');
    plane.agent.run = run;
    expect(ended.failure).toMatchObject({ code: 'builder.lost' });
    if (sent === undefined) throw new Error('no part was sent');
    // Its request is still signed; the upload that it belongs to is no more.
    const part = large.subarray((sent.number - 1) * partSize, sent.number * partSize);
    expect(await put(sent.request, part)).toBe(404);
  });
});
