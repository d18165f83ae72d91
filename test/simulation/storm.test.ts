import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plantedBugs } from './storm/planted-bugs.ts';
import { runStorm } from './storm/storm.ts';

const project = join(import.meta.dirname, '../..');
/** Seeds of this run; `npm run test:storm` has ten thousand (docs/simulation.md). */
const seeds = Array.from({ length: 24 }, (_, number) => 1_000 + number);

describe('storms', { timeout: 240_000 }, () => {
  it(`of ${seeds.length} seeds break no rule`, async () => {
    let tasks = 0;
    for (const seed of seeds) {
      const { violations, ...did } = await runStorm(seed);
      expect([seed, violations]).toEqual([seed, []]);
      tasks += did.tasks;
    }
    expect(tasks).toBeGreaterThan(2 * seeds.length);
  });

  it('have the same course from the same seed', async () => {
    expect(await runStorm(7)).toEqual(await runStorm(7));
  });

  it('find a planted bug', async () => {
    const child = fork(new URL('storm/child.ts', import.meta.url), ['1', '1', '3', 'settleQuotas'], {
      execArgv: ['--no-warnings'],
    });
    const found: unknown[] = [];
    child.on('message', (message) => found.push(message));
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(JSON.stringify(found)).toContain('counters are what leases hold');
  });
});

describe('the planted bugs', () => {
  it.each(plantedBugs)('$handler: $says: there is a place for it', ({ file, from, to }) => {
    expect(readFileSync(join(project, file), 'utf8').split(from)).toHaveLength(2);
    expect(to).not.toBe(from);
  });
});
