import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { createApiKey } from '../../core/access/key-repository.ts';
import type { BuildRecord } from '../../core/builds/build-record.ts';
import { buildWrite } from '../../core/builds/build-repository.ts';
import { specKey } from '../../core/builds/keys.ts';
import { digestOf } from '../../core/digest.ts';
import { toJsonObject } from '../../core/json.ts';
import { checkSpec } from '../../core/spec/check.ts';
import { TaskFailed } from '../../local/flow/failure.ts';
import type { TaskRunner } from '../../local/tasks/task-runner.ts';
import { type EngineInProcess, startEngineInProcess } from '../../test/support/engine-in-process.ts';
import { keyWith } from '../../test/support/members.ts';
import { smallSpec } from '../../test/support/small-spec.ts';

/** What the process is told, as its one argument. */
const orderSchema = z.strictObject({
  storedBuilds: z.number().int().min(0),
  keys: z.number().int().min(1),
});

/** A runner whose tasks wait until they are stopped: what is measured is the engine, and not its builders. */
function idleRunner(): TaskRunner {
  const waiting = new Map<string, { end(): void; readonly task: Awaited<ReturnType<TaskRunner['running']>>[number] }>();
  const stop = async (taskId: string): Promise<void> => waiting.get(taskId)?.end();
  return {
    run: async ({ buildId, stageId, attempt }, { taskId, signal }) => {
      const ended = Promise.withResolvers<void>();
      waiting.set(taskId, { end: ended.resolve, task: { taskId, buildId, stageId, attempt, startedAt: new Date() } });
      signal.addEventListener('abort', () => ended.resolve(), { once: true });
      await ended.promise;
      waiting.delete(taskId);
      throw new TaskFailed('States.TaskFailed', JSON.stringify({ taskArn: taskId, stopCode: 'UserInitiated' }));
    },
    stop,
    running: async () => [...waiting.values()].map(({ task }) => task),
    close: async () => {
      for (const { end } of waiting.values()) end();
    },
  };
}

/** Stores that many builds of the first tenant that are over, as their executions would have left them. */
async function storeBuilds({ ports, tenantId }: EngineInProcess, keyId: string, count: number): Promise<void> {
  const checked = checkSpec(smallSpec([]), ports.installation);
  if (!checked.ok) throw new Error('the spec of the stored builds is not one');
  const { spec } = checked;
  const [specDigest, data] = [digestOf(spec), toJsonObject(spec)];
  // A transaction takes 100 writes.
  for (let stored = 0; stored < count; stored += 50) {
    const writes = Array.from({ length: Math.min(50, count - stored) }, () => {
      const now = ports.clock.now().toISOString();
      const build: BuildRecord = {
        ...{ id: ports.ids.next('bld'), tenantId, keyId, name: spec.name, state: 'succeeded', specDigest },
        ...{ submittedAt: now, plannedAt: now, startedAt: now, endedAt: now },
      };
      return [buildWrite(build, 'absent'), { kind: 'put', key: specKey(build.id), data } as const];
    });
    await ports.table.transact(writes.flat());
  }
}

const order = orderSchema.parse(JSON.parse(process.argv[2] ?? ''));
const directory = mkdtempSync(join(tmpdir(), 'lbuild-bench-api-'));
try {
  const engine = await startEngineInProcess(directory, { mode: 'contained', openRunner: async () => idleRunner() });
  const { ports, tenantId } = engine;
  const first = await keyWith(ports, tenantId, ['builder']);
  const others = Array.from({ length: order.keys - 1 }, (_, position) =>
    createApiKey(ports, { tenantId, memberId: first.record.memberId, name: `bench ${position}` }),
  );
  const keys = [first, ...(await Promise.all(others))].map(({ text }) => text);
  await storeBuilds(engine, first.record.keyId, order.storedBuilds);
  console.log(JSON.stringify({ url: engine.url, keys }));
  // It ends with whoever started it.
  for await (const _ of process.stdin);
  await engine.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
