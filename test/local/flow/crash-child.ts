import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createIds } from '../../../adapters/system/ids.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { TaskFailed } from '../../../local/flow/failure.ts';
import { openLocalFlow } from '../../../local/flow/local-flow.ts';
import { CrashWorld, crashStages } from './crash-world.ts';
import { fastClock } from './fast-clock.ts';

/**
 * The engine that the crash test kills: `crash-child.ts FOLDER ORIGIN BUILDS KILL_AT`. It goes on with what the folder
 * holds, starts BUILDS builds in all, says `up`, and `done` when all have ended. With KILL_AT above 0 it kills itself
 * just before its KILL_ATth write, whichever that is: a commit of the flow's own file, or of its functions' table.
 */
const [folder = '', origin = '', builds = '', killAt = ''] = process.argv.slice(2);

let writes = 0;
function countWrite(): void {
  writes += 1;
  if (writes === Number(killAt)) process.kill(process.pid, 'SIGKILL');
}
const execute = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function exec(sql) {
  if (sql === 'COMMIT') countWrite();
  return execute.call(this, sql);
};
const runStatement = StatementSync.prototype.run;
StatementSync.prototype.run = function run(this: StatementSync, ...values: unknown[]) {
  countWrite();
  return Reflect.apply(runStatement, this, values);
};

const clock = fastClock(50, Number(origin));
const world = new CrashWorld(path.join(folder, 'world.sqlite'));
const definition = readFileSync(new URL('../../../lib/build.asl.json', import.meta.url), 'utf8');
const names = [...definition.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1] ?? '');

const payloadSchema = z.object({
  buildId: z.string(),
  stageId: z.string().default(''),
  token: z.string().default(''),
  attempt: z.number().default(0),
  cause: z.string().default(''),
});

const flow = openLocalFlow({
  file: path.join(folder, 'flow.sqlite'),
  definition,
  substitutions: Object.fromEntries(names.map((name) => [name, name])),
  clock,
  ids: createIds(clock),
  lambda: async (name, payload) => {
    await sleep(Math.random() * 4);
    const answer = await call(name, payloadSchema.parse(payload));
    await sleep(Math.random() * 2);
    return answer;
  },
  runTask: async ({ buildId, stageId, clientToken }, { taskId }) => {
    world.write('INSERT INTO started VALUES (?, ?, ?)', buildId, clientToken, taskId);
    await sleep(Math.random() * 10);
    if (crashStages[stageId]?.does === 'fails') {
      throw new TaskFailed('States.TaskFailed', JSON.stringify({ StopCode: 'EssentialContainerExited' }));
    }
    world.write("UPDATE stage SET result = 'succeeded' WHERE build = ? AND id = ?", buildId, stageId);
    return {};
  },
  onStatusChange: async ({ name, status }) => {
    world.write('INSERT INTO change VALUES (?, ?)', name, status);
  },
});

async function call(name: string, message: z.infer<typeof payloadSchema>): Promise<JsonValue> {
  const { buildId: build, stageId: id } = message;
  switch (name) {
    case 'AwaitDependencies':
      world.write('UPDATE stage SET token = ? WHERE build = ? AND id = ?', message.token, build, id);
      if (world.stage(build, id).pending === 0) await flow.sendTaskSuccess(message.token, {});
      return {};
    case 'PrepareStage':
      return prepare(build, id);
    case 'ClassifyStage':
      world.write('UPDATE stage SET open = 0 WHERE build = ? AND id = ? AND attempt = ?', build, id, message.attempt);
      return { retry: message.cause.includes('TerminationNotice'), waitSeconds: 1 };
    case 'SettleStage':
      return settle(build, id);
    case 'FinalizeBuild':
      world.write('INSERT INTO finalized VALUES (?)', build);
      return {};
    default:
      throw new Error(`there is no function ${name}`);
  }
}

function prepare(build: string, id: string): JsonValue {
  const needs = crashStages[id]?.needs ?? [];
  const skipped = needs.some((need) => world.stage(build, need).result !== 'succeeded');
  if (skipped || crashStages[id]?.does === 'hit') {
    const result = skipped ? 'skipped' : 'succeeded';
    world.write('UPDATE stage SET result = ? WHERE build = ? AND id = ?', result, build, id);
    return { run: false, attempt: 0 };
  }
  world.write('UPDATE stage SET attempt = attempt + 1, open = 1 WHERE build = ? AND id = ? AND open = 0', build, id);
  const { attempt } = world.stage(build, id);
  const task = { cpu: '2048', memory: '4096', diskGiB: 21, timeoutSeconds: 6_000 };
  return { run: true, attempt, manifestUrl: 'http://127.0.0.1/m', clientToken: `${id}-${attempt}`, ...task };
}

async function settle(build: string, id: string): Promise<JsonValue> {
  const dependents = Object.entries(crashStages).filter(([, { needs }]) => needs.includes(id));
  world.transaction(() => {
    world.write("UPDATE stage SET result = 'failed' WHERE build = ? AND id = ? AND result IS NULL", build, id);
    world.write('INSERT INTO ended SELECT build, id, result FROM stage WHERE build = ? AND id = ?', build, id);
    for (const [dependent] of dependents) {
      const edge = world.rows('SELECT 1 FROM edge WHERE build = ? AND need = ? AND id = ?', build, id, dependent);
      if (edge.length === 0) continue;
      world.write('DELETE FROM edge WHERE build = ? AND need = ? AND id = ?', build, id, dependent);
      world.write('UPDATE stage SET pending = pending - 1 WHERE build = ? AND id = ?', build, dependent);
    }
  });
  for (const [dependent] of dependents) {
    const { pending, token } = world.stage(build, dependent);
    if (pending === 0 && token !== null) await flow.sendTaskSuccess(token, {});
  }
  return {};
}

await flow.resume();
const stages = Object.entries(crashStages).map(([stageId, { needs }]) => ({ stageId, waits: needs.length > 0 }));
const wanted = Array.from({ length: Number(builds) }, (_, index) => `bld_${index}`);
for (const build of wanted) {
  world.create(build);
  await flow.start(build, { buildId: build, stages });
}
process.stdout.write('up\n');
const told = (build: string): boolean => world.rows('SELECT 1 FROM change WHERE build = ?', build).length > 0;
while (!wanted.every(told)) await sleep(5);
process.stdout.write('done\n');
await flow.close();
world.database.close();
