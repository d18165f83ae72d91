import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';
import { Random } from '../../bench/simulation/random.ts';
import { daySums } from '../../core/billing/sums.ts';
import { readUsage } from '../../core/billing/usage-record.ts';
import { listAttempts } from '../../core/builds/stage-repository.ts';
import { engineFolder, inspectStores, removeFolder, startTestEngine, type TestEngine } from '../support/engine.ts';
import { smallSpec } from '../support/small-spec.ts';
import { openReceiver } from '../support/webhook-receiver.ts';

const bodySchema = z.looseObject({
  type: z.string(),
  eventId: z.string(),
  data: z.looseObject({ buildId: z.string().optional() }),
});
const directory = engineFolder();
afterAll(() => removeFolder(directory));

/** Builds, each with a kill of the engine at another kind of moment. */
const rounds = 9;

it('kill -9 of the engine while a webhook, a usage record or a cleanup is in flight: nothing is lost, nothing is twice', async () => {
  const random = new Random(20_261_127);
  const receiver = await openReceiver();
  const host = `127.0.0.1:${receiver.port}`;
  const start = () => startTestEngine(directory, ['--webhook-private-hosts', '127.0.0.1']);
  let engine: TestEngine = await start();
  const killed: Record<string, number> = {};
  const kill = async (moment: string): Promise<void> => {
    await engine.kill();
    killed[moment] = (killed[moment] ?? 0) + 1;
    engine = await start();
  };
  const taken: {
    readonly id: string;
    readonly eventId: string;
    readonly type: string;
    readonly buildId: string | undefined;
  }[] = [];
  /** The type of event at whose request the engine dies, before it is answered. */
  let deadly: string | undefined;
  let dies = Promise.withResolvers<void>();
  receiver.answer = ({ headers, body }, response) => {
    const { type, eventId, data } = bodySchema.parse(JSON.parse(body));
    if (type === deadly) {
      deadly = undefined;
      // No answer: it is in flight until the kill.
      return dies.resolve();
    }
    taken.push({ id: headers['webhook-id'] ?? '', eventId, type, buildId: data.buildId });
    response.writeHead(204).end();
  };
  try {
    const webhook = await engine.client.webhooks.create({ url: `http://${host}/hook`, events: ['*'] });
    await engine.client.retention.setPolicy('newest', { expire: { beyondNewest: 1, per: 'name' } });
    const builds: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const moment = (['webhook', 'usage', 'cleanup'] as const)[round % 3] ?? 'webhook';
      dies = Promise.withResolvers();
      if (moment === 'webhook') deadly = 'build.started';
      if (moment === 'usage') deadly = 'build.stage_completed';
      const { id } = await engine.client.startBuild(
        smallSpec([{ id: 'one', run: `echo ${round} > /srv/one` }], 'kills'),
      );
      builds.push(id);
      if (moment !== 'cleanup') {
        await dies.promise;
        // What a stage used is written just before its end is told, and the next stage's soon after.
        await sleep(random.between(0, moment === 'usage' ? 1_500 : 200));
        await kill(moment);
      }
      const ended = await engine.client.waitForBuild(id, { pollMilliseconds: 200 });
      expect([moment, ended.state, ended.failure]).toEqual([moment, 'succeeded', undefined]);
      if (moment === 'cleanup') {
        const { id: cleanupId } = await engine.client.retention.startCleanup({ dryRun: false });
        await sleep(random.between(0, 60));
        await kill(moment);
        await until(async () => (await engine.client.retention.readCleanup(cleanupId)).state === 'done');
      }
    }
    // What was in flight when the engine died is sent again when its claim ends, a minute later.
    const open = () => engine.client.webhooks.listDeliveries(webhook.webhook.id, { state: 'pending' }).all();
    await until(async () => (await open()).length === 0);
    const deliveries = await engine.client.webhooks.listDeliveries(webhook.webhook.id).all();
    expect(deliveries.filter(({ state }) => state !== 'succeeded')).toEqual([]);
    const images = await Promise.all(builds.map((id) => engine.client.builds.readRetention(id)));
    expect(images.map(({ image }) => image.state)).toEqual([...new Array(rounds - 1).fill('trashed'), 'kept']);
    expect(killed).toEqual({ webhook: 3, usage: 3, cleanup: 3 });
    await engine.stop();

    // Each event came, under one id, and was told once.
    const ids = new Map<string, Set<string>>();
    for (const { id, eventId } of taken) ids.set(eventId, (ids.get(eventId) ?? new Set()).add(id));
    expect([...ids.values()].map(({ size }) => size)).toEqual(new Array(ids.size).fill(1));
    expect([...ids.keys()].sort()).toEqual(deliveries.map(({ eventId }) => eventId).sort());
    for (const [type, of] of [
      ['build.succeeded', builds],
      ['artifact.trashed', builds.slice(0, -1)],
    ] as const) {
      const events = new Map(taken.filter((one) => one.type === type).map((one) => [one.eventId, one.buildId]));
      expect([type, [...events.values()].sort()]).toEqual([type, [...of].sort()]);
    }
    await expectBilledOnce(builds);
    console.log(`kills: ${JSON.stringify(killed)}; ${taken.length} webhooks taken of ${receiver.received.length} sent`);
  } finally {
    await engine.kill();
    await receiver.close();
  }
});

/** Each attempt has ended and is recorded once, and the sums are those of the records. */
async function expectBilledOnce(builds: readonly string[]): Promise<void> {
  const stores = await inspectStores(directory);
  try {
    const sums = new Map<string, number>();
    const add = (name: string, by: number) => sums.set(name, (sums.get(name) ?? 0) + by);
    const tenants = new Set<string>();
    for (const build of builds) {
      const { records } = await stores.table.query({ partition: `USAGE#${build}`, limit: 1_000 });
      const used = records.map(readUsage);
      for (const { tenantId, payer, day, quantities } of used) {
        tenants.add(tenantId);
        for (const [kind, quantity] of Object.entries(quantities)) add(`${day} ${payer} ${kind}`, quantity ?? 0);
      }
      const attempts = (await listAttempts(stores.table, build)).map(({ value }) => value);
      expect(attempts.filter(({ state }) => state !== 'ended')).toEqual([]);
      const begun = used.flatMap(({ stage, attempt, quantities }) =>
        quantities['builder.attempts'] === 1 ? [`${stage} ${attempt}`] : [],
      );
      expect(begun.sort()).toEqual(attempts.map(({ stage, attempt }) => `${stage} ${attempt}`).sort());
    }
    for (const tenantId of tenants) {
      for await (const { day, payer, kind, quantity } of daySums(stores.table, tenantId, {
        from: '2020-01-01',
        to: '2100-01-01',
      })) {
        if (kind.startsWith('builder.')) add(`${day} ${payer} ${kind}`, -quantity);
      }
    }
    expect([...sums].filter(([, rest]) => rest !== 0)).toEqual([]);
    expect(sums.size).toBeGreaterThan(0);
  } finally {
    await stores.close();
  }
}

/** Waits until it is so, for three minutes at most. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 180_000; waited += 250) {
    if (await isSo()) return;
    await sleep(250);
  }
  throw new Error('it is not so after three minutes');
}
