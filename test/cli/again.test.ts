import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { buildKey } from '../../core/builds/keys.ts';
import type { BuildState } from '../../core/builds/lifecycle.ts';
import { exampleYaml, startExample } from '../functions/api/example-spec.ts';
import { forceState } from '../functions/api/stored-build.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const build = z.looseObject({ id: z.string() });
async function ended(state: BuildState): Promise<string> {
  const id = await startExample(cli.api.url, cli.tenant.keys.owner);
  await forceState(cli.api.ports, id, state);
  return id;
}
async function run(args: readonly string[]) {
  const { code, out, err } = await cli.run([...args, '--json']);
  expect([code, err]).toEqual([0, '']);
  const told = build.parse(JSON.parse(out));
  return { told, record: (await cli.api.ports.table.get(buildKey(told.id)))?.data };
}

describe('lbuild resume', () => {
  it('goes on with a failed build, and prints the new id first', async () => {
    const id = await ended('failed');
    const { code, out } = await cli.run(['resume', id]);
    expect(code).toBe(0);
    expect(out).toMatch(/^bld_[0-9A-Z]{26} {2}submitted /);
    const { told, record } = await run(['resume', id, '--keep-going']);
    expect(told).toMatchObject({ resumedFrom: id, keepGoing: true });
    expect(record).toMatchObject({ archiveOf: id });
  });

  it('takes a changed spec and the latest archive', async () => {
    const id = await ended('cancelled');
    const spec = await fileIn(cli.folder, 'changed.yaml', exampleYaml.replace('edge-web', 'changed'));
    const { told, record } = await run(['resume', id, '--file', spec, '--latest-archive']);
    expect(told).toMatchObject({ resumedFrom: id, name: 'changed' });
    expect(record).not.toHaveProperty('archiveOf');
  });

  it('says what can be resumed, and exits by the kind of failure', async () => {
    const { code, err } = await cli.run(['resume', await ended('succeeded')]);
    expect([code, err]).toEqual([7, expect.stringContaining('[build.not_resumable]')]);
    expect((await cli.run(['resume', 'bld_none'])).code).toBe(3);
    const wrong = await fileIn(cli.folder, 'wrong.yaml', 'name: No');
    expect((await cli.run(['resume', await ended('failed'), '--file', wrong])).code).toBe(2);
  });
});

describe('lbuild retry', () => {
  it('builds the spec of a build that ended once more', async () => {
    const id = await ended('succeeded');
    expect((await run(['retry', id])).told).toMatchObject({ retryOf: id, state: 'submitted' });
    const { code, err } = await cli.run(['retry', await ended('running')]);
    expect([code, err]).toEqual([7, expect.stringContaining('[build.not_ended]')]);
  });

  it('waits and exits by the outcome', async () => {
    const id = await ended('failed');
    let started: string | undefined;
    const running = cli.run(['retry', id, '--wait', '--idempotency-key', 'wait'], {
      watch: () => {
        if (started !== undefined) return;
        started = 'seen';
        void cli.run(['retry', id, '--json', '--idempotency-key', 'wait']).then(async ({ out }) => {
          await forceState(cli.api.ports, build.parse(JSON.parse(out)).id, 'cancelled');
        });
      },
    });
    expect((await running).code).toBe(5);
  });
});

it('lbuild start --keep-going says so to the engine', async () => {
  const spec = await fileIn(cli.folder, 'spec.yaml', exampleYaml);
  expect((await run(['start', spec, '--keep-going'])).told).toMatchObject({ keepGoing: true });
});
