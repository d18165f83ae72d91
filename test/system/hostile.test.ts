import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPlan, planStep } from '../../core/builds/plan-store.ts';
import { findResult } from '../../core/builds/stage-repository.ts';
import { sha256 } from '../../core/digest.ts';
import { utf8 } from '../../core/json.ts';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { type EngineInProcess, startEngineInProcess } from '../support/engine-in-process.ts';
import { hostileScript, refusals } from '../support/hostile-script.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { folderState, rootDisk, scopesAbstractSockets } from '../support/machine-state.ts';
import { smallSpec } from '../support/small-spec.ts';
import { put, TicketThief } from '../support/ticket-thief.ts';

/** What changes in an engine's folder while it works. */
const working = ['objects', 'tasks', 'table.db', 'bus.db', 'flow.db'];

describe.each(['contained', 'privileged'] as const)('a hostile script, %s,', (mode) => {
  const directory = engineFolder();
  const outside = mkdtempSync(join(tmpdir(), 'lbuild-canary-'));
  const canary = join(outside, 'canary');
  const abstractSocket = `lbuild-hostile-${process.pid}-${mode}`;
  const connections: number[] = [];
  let listener: Server;
  let engine: EngineInProcess;
  let before: { root: string; folder: string };
  let build: BuildDetail;

  beforeAll(async () => {
    writeFileSync(canary, 'untouched\n');
    listener = createServer((socket) => {
      connections.push(1);
      socket.destroy();
    });
    await new Promise<void>((resolve) => listener.listen(`\0${abstractSocket}`, resolve));
    engine = await startEngineInProcess(directory, { mode });
    before = { root: folderState(engine.builderRoot), folder: folderState(directory, working) };
    const targets = { disk: rootDisk(), enginePort: Number(new URL(engine.url).port), abstractSocket, canary };
    const started = await engine.client.startBuild(smallSpec([{ id: 'hostile', run: hostileScript(targets) }]));
    build = await engine.client.waitForBuild(started.id, { pollMilliseconds: 200 });
  });
  afterAll(async () => {
    await engine.close();
    await new Promise((resolve) => listener.close(resolve));
    const left = leftoversOf(directory);
    removeFolder(directory);
    rmSync(outside, { recursive: true, force: true });
    expect(left).toEqual({ processes: [], mounts: [], folders: [] });
  });

  it('is refused each way out of its tree', async () => {
    expect(build.failure).toBeUndefined();
    expect(build.state).toBe('succeeded');
    const { path } = await engine.client.downloadArtifact(build.id, 'small.tar.zst', join(outside, 'out'));
    const report = execFileSync('tar', ['--zstd', '-xOf', path, '--wildcards', '*srv/report'], { encoding: 'utf8' });
    const outcomes = report
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([name = '', outcome = '']) => [name, outcome === 'DONE' ? outcome : Number(outcome)]);
    const reachable = scopesAbstractSockets() ? {} : { 'abstract socket': 'DONE' };
    expect(Object.fromEntries(outcomes)).toEqual({ ...refusals, ...reachable });
  });

  it('changes nothing on the machine', () => {
    expect(readFileSync(canary, 'utf8')).toBe('untouched\n');
    expect(folderState(engine.builderRoot)).toBe(before.root);
    expect(folderState(directory, working)).toBe(before.folder);
    expect(connections).toEqual(scopesAbstractSockets() ? [] : [1]);
  });
});

describe('whoever holds all that a running task holds', () => {
  const directory = engineFolder();
  const bogus = { layer: utf8('no layer'), index: utf8('no index') };
  const bogusReference = {
    ...{ digest: sha256(bogus.layer), size: bogus.layer.length, diffId: 'f'.repeat(64) },
    ...{ index: sha256(bogus.index), indexSize: bogus.index.length },
  };
  /** What the exchange and the store answered, by what was asked of them. */
  const answers: Record<string, string | number> = {};
  const ended: Record<string, BuildDetail> = {};
  let engine: EngineInProcess;
  let earlier: { pointers: Map<string, string>; blobs: readonly string[] };
  let later: typeof earlier;
  let forgedKey = '';

  /** Every pointer from a key to what it made, in every scope. */
  function pointers(): Map<string, string> {
    const database = new DatabaseSync(join(directory, 'table.db'), { readOnly: true });
    const name = 'CAST(partition AS TEXT)';
    const rows = database.prepare(`SELECT ${name} AS name, body FROM record WHERE ${name} LIKE 'RESULT#%'`).all();
    database.close();
    return new Map(rows.map((row) => [String(row.name), String(row.body)]));
  }

  async function look(): Promise<typeof earlier> {
    return { pointers: pointers(), blobs: (await engine.ports.blobs.list('work', 'blobs/')).paths };
  }

  const receipt = (step: string, key: string) => ({
    ...{ format: 'lbuild-receipt/1', step, key, facts: {}, milliseconds: { program: 0, capture: 0 } },
    layer: { step, ...bogusReference },
  });

  /** Starts a build whose script gives the time to act in its stage s2; s1 is taken from the cache. */
  async function rob(step: string): Promise<{ id: string; thief: TicketThief; key: string }> {
    const { id } = await engine.client.startBuild(smallSpec([{ id: step, run: `echo ${step} > /srv/site; sleep 6` }]));
    const thief = await TicketThief.of(engine.ports, id, 's2');
    return { id, thief, key: thief.manifest.steps.find((candidate) => candidate.id === step)?.key ?? '' };
  }

  /** Asks for what is not the attempt's. */
  async function askForMore(thief: TicketThief, other: { buildId: string; layer: string }): Promise<void> {
    const { buildId, exchangeUrl, base } = thief.manifest;
    const declare = { kind: 'declare', size: 1, sha256: sha256('x') } as const;
    const heartbeat = { kind: 'heartbeat' } as const;
    const refusalOf = async (...asked: Parameters<TicketThief['ask']>) => (await thief.ask(...asked)).refusal;
    answers['a layer of its base'] = (await thief.ask({ kind: 'fetch', digest: base[0]?.digest ?? '' })).refusal;
    answers['an output of a step of the service'] = await refusalOf({ ...declare, step: 'bootstrap', output: 'layer' });
    answers['an output of the export'] = await refusalOf({ ...declare, step: 'tar', output: 'artifact' });
    answers['a layer of the stage'] = await refusalOf({ ...declare, step: '-', output: 'layer' });
    answers['a blob of nobody'] = await refusalOf({ kind: 'fetch', digest: sha256('x') });
    answers['a layer of another build'] = await refusalOf({ kind: 'fetch', digest: other.layer });
    answers['another stage'] = await refusalOf(heartbeat, exchangeUrl.replace('.s2/', '.s3/'));
    answers['another attempt'] = await refusalOf(heartbeat, exchangeUrl.replace('attempts/1:', 'attempts/2:'));
    answers['another build'] = await refusalOf(heartbeat, exchangeUrl.replace(buildId, other.buildId));
    const manifest = { url: thief.manifestUrl, headers: {} };
    answers['writing its manifest'] = await put(manifest, utf8('{}'));
    const elsewhere = thief.manifestUrl.replace(buildId, other.buildId);
    answers['reading another manifest'] = (await fetch(elsewhere)).status;
  }

  /** Puts bytes where the agent will want to put its own, and uses the request for more than it was signed for. */
  async function forgeLayer(thief: TicketThief, step: string): Promise<void> {
    const { status, request } = await thief.upload(step, 'layer', bogus.layer);
    answers['its own layer'] = status;
    answers['its own layer again'] = await put(request, bogus.layer);
    const index = {
      kind: 'declare',
      step,
      output: 'index',
      size: bogus.index.length,
      sha256: sha256(bogus.index),
    } as const;
    const declared = await thief.ask(index);
    if (declared.answer?.kind !== 'upload') throw new Error('the upload was not signed');
    answers['other bytes than declared'] = await put(declared.answer.request, utf8('on index'));
    const path = /\/staging\/[^?]+/.exec(request.url)?.[0] ?? '';
    const shared = request.url.replace(path, `/blobs/shared/${bogusReference.digest}`);
    answers['a blob of all tenants'] = await put({ ...request, url: shared }, bogus.layer);
  }

  beforeAll(async () => {
    engine = await startEngineInProcess(directory, { mode: 'contained', slots: 3 });
    const { ports, client } = engine;
    const first = await client.startBuild(smallSpec([{ id: 'honest', run: 'echo honest > /srv/site' }]));
    expect((await client.waitForBuild(first.id, { pollMilliseconds: 200 })).state).toBe('succeeded');
    const plan = await loadPlan(ports.blobs, first.id);
    const honest = await findResult(ports.table, engine.tenantId, planStep(plan, 'honest').key);
    if (honest?.layer === undefined) throw new Error('the honest build has no layer');
    earlier = await look();

    const [partly, wholly, claims] = await Promise.all([rob('partly'), rob('wholly'), rob('claims')]);
    forgedKey = wholly.key;
    await askForMore(partly.thief, { buildId: first.id, layer: honest.layer.digest });
    await forgeLayer(partly.thief, 'partly');
    for (const [{ thief }, step, key] of [
      [wholly, 'wholly', wholly.key],
      [claims, 'claims', planStep(plan, 'bootstrap').key],
    ] as const) {
      await thief.upload(step, 'layer', bogus.layer);
      await thief.upload(step, 'index', bogus.index);
      await thief.uploadJson(step, 'receipt', receipt(step, key));
    }
    const kept = await claims.thief.ask({
      ...{ kind: 'declare', step: 'claims', output: 'artifact' },
      ...{ size: bogus.layer.length, sha256: bogusReference.digest },
    });
    for (const [step, { id }] of Object.entries({ partly, wholly, claims })) {
      ended[step] = await client.waitForBuild(id, { pollMilliseconds: 200 });
    }
    answers['the ticket after the end'] = (await partly.thief.ask({ kind: 'heartbeat' })).refusal;
    if (kept.answer?.kind !== 'upload') throw new Error('the upload was not signed');
    answers['a request that was kept beyond the end'] = await put(kept.answer.request, bogus.layer);
    later = await look();
  });
  afterAll(async () => {
    await engine.close();
    removeFolder(directory);
  });

  it('gets what its manifest names, and is refused all else', () => {
    expect(answers).toEqual({
      'a layer of its base': '200 ',
      'an output of a step of the service': '403 exchange.refused',
      'an output of the export': '403 exchange.refused',
      'a layer of the stage': '403 exchange.refused',
      'a blob of nobody': '403 exchange.refused',
      'a layer of another build': '403 exchange.refused',
      'another stage': '401 ticket.refused',
      'another attempt': '401 ticket.refused',
      'another build': '401 ticket.refused',
      'writing its manifest': 403,
      'reading another manifest': 403,
      'its own layer': 200,
      'its own layer again': 412,
      'other bytes than declared': 400,
      'a blob of all tenants': 403,
      'the ticket after the end': '401 ticket.refused',
      // It reaches its place in staging, which nobody reads any more.
      'a request that was kept beyond the end': 200,
    });
  });

  it('cannot make the engine take a layer that no receipt of its step speaks of', () => {
    for (const step of ['partly', 'claims']) {
      expect(ended[step]?.failure, step).toMatchObject({ code: 'builder.result_invalid', stage: 's2' });
      expect(ended[step]?.state).toBe('failed');
    }
  });

  it('forges the result of its own step at most: the export refuses what is no layer, and it is dropped', () => {
    expect(ended.wholly?.failure).toMatchObject({ code: 'layer.damaged', stage: 's3' });
    expect(later.pointers.has(`RESULT#${engine.tenantId}#${forgedKey}`)).toBe(false);
    expect(ended.wholly?.failure?.reason).toContain('the layer of step wholly is refused');
    expect(ended.wholly?.state).toBe('failed');
  });

  it('changes no pointer and no blob that was there, and adds no blob but of its own step, for its own tenant', () => {
    expect(later.pointers).toEqual(earlier.pointers);
    expect(
      [...later.pointers.keys()].filter((name) => name.startsWith('RESULT#shared#')).length,
    ).toBeGreaterThanOrEqual(2);
    const blobsAdded = later.blobs.filter((path) => !earlier.blobs.includes(path));
    const { digest, index } = bogusReference;
    expect(blobsAdded.sort()).toEqual([digest, index].map((name) => `blobs/${engine.tenantId}/${name}`).sort());
    expect(later.blobs).toEqual(expect.arrayContaining([...earlier.blobs]));
  });
});
