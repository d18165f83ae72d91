import { describe, expect, it, onTestFinished } from 'vitest';
import { drawGraph, shapes } from '../../../bench/simulation/graph-shapes.ts';
import { type PaperEngine, type PaperEngineOptions, startPaperEngine } from '../../../bench/simulation/paper-engine.ts';
import { Random } from '../../../bench/simulation/random.ts';
import { buildUsage } from '../../../core/billing/build-cost.ts';
import { daySums } from '../../../core/billing/sums.ts';
import { listAttempts } from '../../../core/builds/stage-repository.ts';

const hour = 3_600_000;
const calm = { tableFaults: { conflict: 0, kill: 0 }, busFaults: { lost: 0, twice: 0, slowest: 100 } };
const storm = { tableFaults: { conflict: 0.05, kill: 0.03 }, busFaults: { lost: 0.1, twice: 0.3, slowest: 20_000 } };
const sound = {
  ...{ startUp: 30_000, failsToStart: false, interruptedAfter: Number.POSITIVE_INFINITY },
  ...{ lostAfter: undefined, stepFails: false },
};

/** Runs builds by the engine's own functions on paper time. */
async function run(
  seed: number,
  options: Partial<PaperEngineOptions>,
): Promise<{ engine: PaperEngine; ids: string[] }> {
  const engine = await startPaperEngine({
    ...{ seed, limits: { concurrentBuilds: 3, concurrentBuildsPerTenant: 2, stagesPerBuild: 4 } },
    ...calm,
    draw: () => ({ draw: sound, stepMilliseconds: 5_000 }),
    ...options,
  });
  onTestFinished(() => engine.close());
  const ids: string[] = [];
  for (const [number, shape] of shapes.entries()) {
    ids.push(await engine.submit(number === 0 ? 'a' : 'b', `build-${number}`, drawGraph(shape, 4, new Random(number))));
  }
  await engine.finish(ids, 10 * hour);
  // What is late, doubled or swept still comes.
  await engine.pass(20 * 60_000);
  return { engine, ids };
}

/** What must hold of bills whatever happened: each attempt once, for as long as it was, by whom its end says. */
async function expectBilled({ engine, ids }: { engine: PaperEngine; ids: readonly string[] }) {
  const payers: string[] = [];
  const recorded = new Map<string, number>();
  for (const id of ids) {
    const [records, attempts] = [await buildUsage(engine.table, id), await listAttempts(engine.table, id)];
    for (const { value } of attempts) {
      expect(value.state).toBe('ended');
      // Kept by PrepareStage: nothing beyond it is billed.
      expect(value.timeoutSeconds).toBeGreaterThan(900);
      const own = records.filter(({ stage, attempt }) => stage === value.stage && attempt === value.attempt);
      const time = own.reduce((sum, { quantities }) => sum + (quantities['builder.time'] ?? 0), 0);
      expect(time).toBe(Date.parse(value.endedAt ?? '') - Date.parse(value.preparedAt));
      expect(own.reduce((sum, { quantities }) => sum + (quantities['builder.attempts'] ?? 0), 0)).toBe(1);
      const payer = value.ending === 'infrastructure' ? 'service' : 'tenant';
      expect(new Set(own.map((record) => record.payer))).toEqual(new Set([payer]));
      payers.push(`${value.ending} ${payer}`);
    }
    expect(new Set(records.map(({ stage, attempt }) => `${stage} ${attempt}`)).size).toBe(attempts.length);
    for (const { tenantId, payer, quantities } of records) {
      for (const [kind, quantity] of Object.entries(quantities)) {
        const key = `${tenantId} ${payer} ${kind}`;
        recorded.set(key, (recorded.get(key) ?? 0) + quantity);
      }
    }
  }
  const summed = new Map<string, number>();
  for (const tenantId of ['a', 'b']) {
    for await (const { payer, kind, quantity } of daySums(engine.table, tenantId, {
      from: '2025-12-01',
      to: '2026-12-01',
    })) {
      if (!kind.startsWith('builder.')) continue;
      const key = `${tenantId} ${payer} ${kind}`;
      summed.set(key, (summed.get(key) ?? 0) + quantity);
    }
  }
  expect(Object.fromEntries([...summed].sort())).toEqual(Object.fromEntries([...recorded].sort()));
  return payers;
}

describe('the end of an attempt', { timeout: 120_000 }, () => {
  it('is billed to the tenant where its builder reported, by the size that its stage has', async () => {
    const ran = await run(1, {});
    expect(new Set(await expectBilled(ran))).toEqual(new Set(['reported tenant']));
    const [record] = await buildUsage(ran.engine.table, ran.ids[0] ?? '');
    const time = record?.quantities['builder.time'] ?? 0;
    expect(time).toBeGreaterThan(30_000);
    expect((record?.quantities['builder.vcpu'] ?? 0) % time).toBe(0);
    expect(record?.quantities['builder.memory']).toBeGreaterThanOrEqual(2 * time);
  });

  it('is the service’s cost where the infrastructure took its builder back, and the next one the tenant’s', async () => {
    const interrupted = { ...sound, interruptedAfter: 1_000 };
    const ran = await run(2, {
      draw: (_, attempt) => ({ draw: attempt === 1 ? interrupted : sound, stepMilliseconds: 5_000 }),
    });
    const payers = await expectBilled(ran);
    expect(new Set(payers)).toEqual(new Set(['infrastructure service', 'reported tenant']));
    expect(payers.filter((one) => one === 'infrastructure service').length).toBe(payers.length / 2);
  });

  it('is the tenant’s where its builder vanished', async () => {
    const lost = { ...sound, lostAfter: 0.5 };
    const ran = await run(3, {
      draw: (_, attempt) => ({ draw: attempt === 1 ? lost : sound, stepMilliseconds: 5_000 }),
    });
    expect(new Set(await expectBilled(ran))).toEqual(new Set(['lost tenant', 'reported tenant']));
  });

  it.each([1, 2, 3, 4])(
    'is billed once through conflicts, kills, lost, doubled and late events: seed %i',
    async (seed) => {
      const ran = await run(seed, {
        ...storm,
        draw: (random, attempt) => ({
          draw: {
            ...sound,
            ...(attempt < 3 && random.next() < 0.2 ? { interruptedAfter: 2_000 } : {}),
            ...(attempt < 2 && random.next() < 0.2 ? { lostAfter: 0.5 } : {}),
          },
          stepMilliseconds: 5_000,
        }),
      });
      await expectBilled(ran);
    },
  );
});
