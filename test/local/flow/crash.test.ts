import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { CrashWorld, crashStages, expectedResult } from './crash-world.ts';
import { temporaryFile } from './machine.ts';

const child = new URL('crash-child.ts', import.meta.url).pathname;

/** Kills that must hit an engine at work. */
const kills = 30;

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs the engine until it ends by itself or is killed; true where it had not finished when it ended. */
async function runEngine(
  folder: string,
  origin: number,
  builds: number,
  kill: { atWrite: number } | { afterUp: number } | undefined,
): Promise<'killed' | 'done'> {
  const atWrite = kill !== undefined && 'atWrite' in kill ? kill.atWrite : 0;
  const args = ['--no-warnings', child, folder, String(origin), String(builds), String(atWrite)];
  const engine = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  engine.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  engine.stdout.on('data', (chunk) => {
    const wasUp = output.includes('up\n');
    output += String(chunk);
    if (kill !== undefined && 'afterUp' in kill && !wasUp && output.includes('up\n')) {
      void sleep(kill.afterUp).then(() => engine.kill('SIGKILL'));
    }
  });
  const [code, signal] = await once(engine, 'close');
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the engine ended with ${code}: ${errors}`);
  return output.includes('done\n') ? 'done' : 'killed';
}

it(`${kills} kills at seeded points change the end of no stage`, { timeout: 300_000 }, async () => {
  const folder = path.dirname(temporaryFile('world.sqlite'));
  const origin = Date.now();
  const random = seeded(20_261_101);
  let killed = 0;
  let builds = 1;
  for (let round = 0; killed < kills; round += 1) {
    expect(round).toBeLessThan(3 * kills);
    const kill = round % 2 === 0 ? { atWrite: 1 + Math.floor(random() * 120) } : { afterUp: random() * 80 };
    if ((await runEngine(folder, origin, builds, kill)) === 'killed') killed += 1;
    else builds += 1;
    if (round % 5 === 4) builds += 1;
  }
  expect(await runEngine(folder, origin, builds, undefined)).toBe('done');

  const world = new CrashWorld(path.join(folder, 'world.sqlite'));
  const wanted = Array.from({ length: builds }, (_, index) => `bld_${index}`);
  for (const build of wanted) {
    for (const id of Object.keys(crashStages)) {
      const settled = world.rows('SELECT DISTINCT result FROM ended WHERE build = ? AND id = ?', build, id);
      expect([build, id, settled]).toEqual([build, id, [[expectedResult(id)]]]);
      expect(world.stage(build, id)).toMatchObject({ result: expectedResult(id), pending: 0 });
    }
    expect(world.rows('SELECT DISTINCT status FROM change WHERE build = ?', build)).toEqual([['SUCCEEDED']]);
    expect(world.rows('SELECT DISTINCT build FROM finalized WHERE build = ?', build)).toHaveLength(1);
  }
  // No client token ever started a second task.
  expect(
    world.rows('SELECT build, client_token, count(*) FROM started GROUP BY build, client_token HAVING count(*) > 1'),
  ).toEqual([]);
  world.database.close();

  // Nothing is left of an execution but its name and end.
  const flow = new DatabaseSync(path.join(folder, 'flow.sqlite'));
  for (const table of ['threads', 'tokens', 'tasks']) {
    expect(flow.prepare(`SELECT count(*) AS rows FROM ${table}`).get()).toEqual({ rows: 0 });
  }
  const statuses = flow.prepare('SELECT DISTINCT status, acknowledged FROM executions').all();
  expect(statuses).toEqual([{ status: 'succeeded', acknowledged: 1 }]);
  flow.close();
});
