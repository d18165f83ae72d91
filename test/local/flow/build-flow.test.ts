import { describe, expect, it } from 'vitest';
import type { ExecutionChange } from '../../../core/events/envelope.ts';
import { BuildWorld } from './build-world.ts';
import { buildDefinition, buildSubstitutions, openMachine } from './machine.ts';

type Stages = ConstructorParameters<typeof BuildWorld>[0];

async function build(stages: Stages): Promise<{ world: BuildWorld; end: ExecutionChange }> {
  const world = new BuildWorld(stages);
  const { lambda, runTask } = world;
  const machine = openMachine(buildDefinition, { substitutions: buildSubstitutions, lambda, runTask });
  world.flow = machine.flow;
  return { world, end: await machine.run(world.input(), 'bld_1') };
}

const succeeded = { status: 'SUCCEEDED', output: { buildId: 'bld_1' } };

describe('the build state machine', () => {
  it('prepares, runs and settles a stage, then finalizes', async () => {
    const { world, end } = await build({ only: {} });
    expect(end).toMatchObject(succeeded);
    expect(world.calls).toEqual(['PrepareStage only', 'SettleStage only', 'FinalizeBuild']);
    expect(world.stages.get('only')).toMatchObject({ ran: [1], result: 'succeeded', settled: 1 });
  });

  it('waits for dependencies, and begins each stage after all that it needs', async () => {
    const { world, end } = await build({
      base: {},
      left: { needs: ['base'] },
      right: { needs: ['base'] },
      image: { needs: ['left', 'right'] },
    });
    expect(end).toMatchObject(succeeded);
    const at = (call: string): number => world.calls.indexOf(call);
    for (const [stage, need] of [
      ['left', 'base'],
      ['right', 'base'],
      ['image', 'left'],
      ['image', 'right'],
    ]) {
      expect(at(`PrepareStage ${stage}`)).toBeGreaterThan(at(`SettleStage ${need}`));
    }
    expect(world.calls.at(-1)).toBe('FinalizeBuild');
  });

  it('runs no builder where all is cached', async () => {
    const { world, end } = await build({ hit: { script: ['hit'] }, after: { needs: ['hit'] } });
    expect(end).toMatchObject(succeeded);
    expect(world.stages.get('hit')).toMatchObject({ ran: [], settled: 1 });
    expect(world.stages.get('after')).toMatchObject({ ran: [1], result: 'succeeded' });
  });

  it('classifies a lost builder, waits and runs the next attempt', async () => {
    const { world, end } = await build({ only: { script: ['lost', 'lost'] } });
    expect(end).toMatchObject(succeeded);
    const stage = world.stages.get('only');
    expect(stage).toMatchObject({ ran: [1, 2, 3], result: 'succeeded', settled: 1 });
    expect(stage?.classified.map(({ attempt, error }) => [attempt, error])).toEqual([
      [1, 'States.TaskFailed'],
      [2, 'States.TaskFailed'],
    ]);
    expect(JSON.parse(stage?.classified[0]?.cause ?? '')).toMatchObject({ StopCode: 'TerminationNotice' });
  });

  it('settles a failure that is not retried, and what depends on it goes on to its own end', async () => {
    const { world, end } = await build({ bad: { script: ['fails'] }, after: { needs: ['bad'], script: ['hit'] } });
    expect(end).toMatchObject(succeeded);
    expect(world.stages.get('bad')).toMatchObject({ ran: [1], result: 'failed', settled: 1 });
    expect(world.stages.get('after')).toMatchObject({ settled: 1 });
    expect(world.finalized).toBe(1);
  });

  it('asks again where no task could be started, with the same client token', async () => {
    const { world } = await build({ only: { script: ['no-slot', 'no-slot'] } });
    expect(world.stages.get('only')).toMatchObject({ ran: [1], result: 'succeeded', classified: [] });
  });

  it('settles again where settling failed', async () => {
    const { world, end } = await build({ only: { script: ['hit', 'breaks-settle'] } });
    expect(end).toMatchObject(succeeded);
    const broken = await build({ only: { script: ['fails', 'breaks-settle', 'breaks-settle'] } });
    expect(broken.end).toMatchObject(succeeded);
    expect(broken.world.calls.filter((call) => call === 'SettleStage only')).toHaveLength(3);
    expect(world.finalized + broken.world.finalized).toBe(2);
  });

  it('costs little: three stages take well below 60 ms of this process', async () => {
    const costs: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      const before = process.cpuUsage();
      await build({ a: {}, b: { needs: ['a'] }, c: { needs: ['b'] } });
      const { user, system } = process.cpuUsage(before);
      costs.push((user + system) / 1_000);
    }
    const median = costs.sort((a, b) => a - b)[4] ?? Number.POSITIVE_INFINITY;
    expect(median).toBeLessThan(60);
  });
});
