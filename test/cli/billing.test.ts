import { afterAll, beforeAll, expect, it } from 'vitest';
import { ran } from '../functions/api/billed-tenant.ts';
import { startExample } from '../functions/api/example-spec.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
let build: string;
beforeAll(async () => {
  cli = await openCli();
  build = await startExample(cli.api.url, cli.tenant.keys.builder);
  await ran(cli.api, build, 's1', 'reported');
  await ran(cli.api, build, 's2', 'infrastructure');
});
afterAll(() => cli?.close());

it('usage shows what was used and what a build cost, as text, CSV and JSON', { timeout: 120_000 }, async () => {
  const [text, csv, cost, json] = await Promise.all([
    cli.run(['usage', 'show']),
    cli.run(['usage', 'show', '--by', 'build', '--csv']),
    cli.run(['usage', 'build', build]),
    cli.run(['usage', 'build', build, '--json']),
  ]);
  expect(text.out).toContain('builder.time  600 seconds  0.00 USD');
  expect(csv.out).toMatch(new RegExp(`^day,teamId,buildId,kind,.*\\r\\n,,${build},builder\\.`));
  expect(cost.out).toMatch(/^builder\.vcpu {2}1200 vCPU-seconds {2}0\.013493 USD\n[\s\S]*so far {2}0\.016649 USD\n$/);
  expect(JSON.parse(json.out)).toMatchObject({ buildId: build, microDollars: 16_649 });
});

it('billing sets a budget in dollars, and shows what is spent of it', { timeout: 120_000 }, async () => {
  const set = await cli.run(['billing', 'budget', '--set', '99.95', '--alert', '10', '60', '--hard-stop']);
  expect([set.err, set.code]).toEqual(['', 0]);
  expect(set.out).toMatch(/^0\.016\d+ USD of 99\.95 USD since .* told at 10, 60, 100 %, builds are then refused\n$/);
  const [wrong, alone, removed] = [
    await cli.run(['billing', 'budget', '--set', 'much']),
    await cli.run(['billing', 'budget', '--hard-stop']),
    await cli.run(['billing', 'budget', '--remove']),
  ];
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('no amount of dollars')]);
  expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('--set')]);
  expect([removed.code, removed.out]).toEqual([0, 'There is no budget any more.\n']);
});

it('billing previews the month and, for an operator, sets rates and tells costs', { timeout: 120_000 }, async () => {
  const asOperator = { environment: { LBUILD_URL: cli.api.url, LBUILD_API_KEY: cli.tenant.keys.operator } };
  const version = { from: '2100-01-01', name: 'later', prices: { approvals: 250_000 } };
  const file = await fileIn(cli.folder, 'rates.json', JSON.stringify(version));
  const bad = await fileIn(cli.folder, 'bad.json', JSON.stringify({ ...version, prices: { luck: 1 } }));
  const [preview, csv, set, wrong, costs] = await Promise.all([
    cli.run(['billing', 'preview']),
    cli.run(['billing', 'preview', '--csv']),
    cli.run(['billing', 'rates', 'set', file], asOperator),
    cli.run(['billing', 'rates', 'set', bad], asOperator),
    cli.run(['billing', 'costs'], asOperator),
  ]);
  expect(preview.out).toMatch(
    /^open invoice of the month from [\s\S]*paid by the service\n[\s\S]*total {2}0\.0\d+ USD\n$/,
  );
  expect(csv.out).toMatch(/^invoice,month,entry,kind,[\s\S]*,total,/);
  expect(set.out).toContain('from 2100-01-01: later\n  approvals  0.25 USD\n');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('luck')]);
  expect(costs.out).toMatch(/^ten_\w+ {2}cli {2}billed 0\.01\d+ USD, AWS 0\.03\d+ USD\n/);
});
