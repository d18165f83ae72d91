import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createPluginRunner } from '../../../adapters/quickjs/plugin-runner.ts';
import type { JsonObject } from '../../../core/digest.ts';
import { noHistory } from '../../../core/plan/estimate.ts';
import { previewOf } from '../../../core/plan/preview.ts';
import { type HookInput, hookContracts } from '../../../core/plugins/contracts.ts';
import { type Plugin, pluginDeclarationSchema } from '../../../core/plugins/declaration.ts';
import { pluginFailures } from '../../../core/plugins/failures.ts';
import { pluginLimitsDate } from '../../../core/plugins/limits.ts';
import { planPolicy } from '../../../core/plugins/plan-policy.ts';
import { planSummaryOf } from '../../../core/plugins/plan-summary.ts';
import { exportedHooks } from '../../../core/plugins/run-hook.ts';
import { pluginRunRecordSchema } from '../../../core/plugins/run-record.ts';
import { transformSpec } from '../../../core/plugins/transform-spec.ts';
import { validateSpec } from '../../../core/plugins/validate-spec.ts';
import { checkSpec } from '../../../core/spec/check.ts';
import { bundleSandbox } from '../../adapters/quickjs/bundled-sandbox.ts';
import { specWith } from '../plan/plan-fixtures.ts';
import { planOf } from '../plan/random-spec.ts';

const { sandboxFile, remove } = bundleSandbox();
afterAll(remove);
const runner = createPluginRunner({ parallel: 2, sandboxFile });
const signal = new AbortController().signal;
const runs = { runner, tenantId: 'ten_1', signal, moment: { now: '2026-11-28T00:00:00.000Z', seed: 'bld_1' } };
const context = { tenantId: 'ten_1', buildId: 'bld_1' };

/** A plugin of one hook, but for what is said. */
function pluginOf(name: string, code: string, given: Record<string, unknown> = {}): Plugin {
  const [hook = ''] = /(?<=export (?:async )?function )\w+/.exec(code) ?? [];
  const declaration = pluginDeclarationSchema.parse({ name, hooks: [hook], ...given });
  return { ...declaration, version: 3, code, granted: declaration.wants };
}

const abilities = { architectures: ['amd64'], outputs: ['iso'] } as const;
const errorsOf = (spec: JsonObject) => {
  const check = checkSpec(spec, abilities);
  return check.ok ? [] : check.errors;
};
const spec = { schemaVersion: 1, name: 'demo', base: { release: 'trixie' }, outputs: [{ type: 'iso' }] };
const subject = { spec, context };
const transform = (plugins: readonly Plugin[], of: JsonObject = spec) =>
  transformSpec(runs, plugins, { spec: of, context }, errorsOf);

const addsPackage = (name: string, order: number, given: Record<string, unknown> = {}) =>
  pluginOf(
    name,
    `export function transformSpec({ spec }) {
      spec.packages = { install: [...(spec.packages?.install ?? []), '${name}'] };
      return { spec };
    }`,
    { order, ...given },
  );

describe('transformSpec', () => {
  it('gives each plugin what the one before has made, and tells what changed', async () => {
    const done = await transform([addsPackage('vim', 2), addsPackage('curl', 1)]);
    expect(done).toMatchObject({ ok: true, spec: { ...spec, packages: { install: ['curl', 'vim'] } } });
    expect(
      done.records.map(({ plugin, version, outcome, changed }) => ({ plugin, version, outcome, changed })),
    ).toEqual([
      { plugin: 'curl', version: 3, outcome: 'succeeded', changed: { paths: ['packages'], more: 0 } },
      { plugin: 'vim', version: 3, outcome: 'succeeded', changed: { paths: ['packages.install'], more: 0 } },
    ]);
    for (const record of done.records) expect(pluginRunRecordSchema.parse(record)).toEqual(record);
  });

  it('leaves the spec as it is where there are no plugins', async () => {
    expect(await transform([])).toEqual({ ok: true, spec, records: [] });
  });

  it('is told of whom and for what', async () => {
    const seen = pluginOf(
      'seen',
      'export function transformSpec(input) { console.log(input); return { spec: input.spec }; }',
    );
    const { records } = await transform([seen]);
    expect(JSON.parse(records[0]?.log.lines[0]?.text ?? '')).toEqual(subject);
  });

  it.each([
    ['throws', 'throw new Error("no");', 'plugin.threw'],
    ['returns nothing', '', 'plugin.output'],
    ['returns something else', 'return { spec: [] };', 'plugin.output'],
    ['returns more than it should', 'return { spec, extra: 1 };', 'plugin.output'],
    ['makes the spec invalid', 'spec.outputs = [{ type: "floppy" }]; return { spec };', 'plugin.output'],
    ['leaves out what there must be', 'delete spec.name; return { spec };', 'plugin.output'],
    ['returns a prototype', 'return { spec: { ...spec, ["__proto__"]: { polluted: 1 } } };', 'plugin.output'],
  ])(
    'stops for a plugin that %s if it is fail-closed, and goes on without it if it is fail-open',
    async (_, text, code) => {
      const broken = (onFailure: string) =>
        pluginOf('broken', `export function transformSpec({ spec }) { ${text} }`, { onFailure, order: 1 });
      const closed = await transform([broken('fail-closed'), addsPackage('vim', 2)]);
      expect(closed).toMatchObject({ ok: false, stoppedBy: { plugin: 'broken', code, outcome: 'failed' } });
      expect(closed.records).toHaveLength(1);
      const open = await transform([broken('fail-open'), addsPackage('vim', 2)]);
      expect(open).toMatchObject({ ok: true, spec: { ...spec, packages: { install: ['vim'] } } });
      expect(open.records.map(({ outcome }) => outcome)).toEqual(['failed', 'succeeded']);
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
      for (const record of open.records) expect(pluginRunRecordSchema.parse(record)).toEqual(record);
    },
  );

  it('may complete a spec that is not whole, by several plugins', async () => {
    const { name: _, outputs: __, ...part } = spec;
    const names = pluginOf(
      'names',
      'export function transformSpec({ spec }) { return { spec: { ...spec, name: "given" } }; }',
    );
    const makes = pluginOf(
      'makes',
      'export function transformSpec({ spec }) { return { spec: { ...spec, outputs: [{ type: "iso" }] } }; }',
    );
    expect(await transform([names, makes], part)).toMatchObject({ ok: true, spec: { ...spec, name: 'given' } });
  });
});

describe('validateSpec', () => {
  const finds = (name: string, errors: string, given: Record<string, unknown> = {}) =>
    pluginOf(name, `export function validateSpec({ spec }) { return { errors: ${errors} }; }`, given);

  it('gathers what all plugins find, each named', async () => {
    const { errors, records } = await validateSpec(
      runs,
      [
        finds('quiet', '[]'),
        finds('strict', `[{ path: 'users[0].sudo', reason: 'no\\n root\\u001b[2J', remedy: 'Remove it.' }]`),
      ],
      subject,
    );
    expect(errors).toEqual([
      { path: 'users[0].sudo', code: 'plugin.refused', reason: 'no root (plugin strict)', remedy: 'Remove it.' },
    ]);
    expect(records.map(({ plugin, found }) => ({ plugin, found }))).toEqual([
      { plugin: 'quiet', found: 0 },
      { plugin: 'strict', found: 1 },
    ]);
  });

  it.each([
    ['nothing', 'undefined'],
    ['errors without a reason', `[{ path: 'a', reason: '', remedy: 'b' }]`],
    ['errors without a remedy', `[{ path: 'a', reason: 'b' }]`],
    ['too many errors', `Array(101).fill({ path: 'a', reason: 'b', remedy: 'c' })`],
    ['a long reason', `[{ path: 'a', reason: 'b'.repeat(501), remedy: 'c' }]`],
    ['another code', `[{ path: 'a', code: 'spec.missing', reason: 'b', remedy: 'c' }]`],
  ])('is an error where a fail-closed plugin returns %s', async (_, text) => {
    const closed = await validateSpec(runs, [finds('broken', text)], subject);
    expect(closed.errors).toMatchObject([
      { path: '', code: 'plugin.failed', reason: expect.stringContaining('broken') },
    ]);
    const open = await validateSpec(runs, [finds('broken', text, { onFailure: 'fail-open' })], subject);
    expect(open.errors).toEqual([]);
    expect(open.records).toMatchObject([{ outcome: 'failed', code: 'plugin.output' }]);
  });
});

describe('planPolicy', () => {
  const plan = {
    digest: 'd',
    hits: 1,
    misses: 2,
    stages: [],
    steps: [],
    artifacts: [{ name: 'demo.iso', type: 'iso' }],
  };
  const judged: HookInput<'planPolicy'> = { plan, spec, cost: { seconds: 60, bytes: 1, micros: 2_000 }, context };
  const decides = (name: string, text: string, given: Record<string, unknown> = {}) =>
    pluginOf(name, `export function planPolicy({ plan, spec, cost }) { return ${text}; }`, given);
  const allows = decides('allows', '{ decision: "allow" }');
  const asks = decides(
    'asks',
    `cost.micros > 1000 ? { decision: 'require-approval', reason: 'it is dear' } : { decision: 'allow' }`,
  );
  const denies = decides('denies', `{ decision: 'deny', reason: 'no ' + plan.artifacts[0].type }`);
  const breaks = (onFailure: string) => decides('breaks', 'null.x', { onFailure });

  it.each([
    ['allows where all allow', [allows], 'allow', []],
    ['allows where there is nobody', [], 'allow', []],
    ['asks where one asks', [asks, allows], 'require-approval', ['asks']],
    ['denies where one denies', [denies, asks, allows], 'deny', ['denies']],
    ['denies where one fails that is fail-closed', [allows, breaks('fail-closed')], 'deny', ['breaks']],
    ['goes on where one fails that is fail-open', [asks, breaks('fail-open')], 'require-approval', ['asks']],
    ['denies where what is returned is no decision', [decides('vague', '{ decision: "maybe" }')], 'deny', ['vague']],
    ['denies where it is denied without a reason', [decides('mute', '{ decision: "deny" }')], 'deny', ['mute']],
  ] as const)('%s', async (_, plugins, decision, because) => {
    const verdict = await planPolicy(runs, plugins, judged);
    expect(verdict.decision).toBe(decision);
    expect(verdict.because.map(({ plugin }) => plugin)).toEqual(because);
    expect(verdict.records).toHaveLength(plugins.length);
    for (const record of verdict.records) expect(pluginRunRecordSchema.parse(record)).toEqual(record);
  });

  it('says why', async () => {
    const { because, records } = await planPolicy(runs, [denies], judged);
    expect(because).toEqual([{ plugin: 'denies', version: 3, decision: 'deny', reason: 'no iso' }]);
    expect(records).toMatchObject([{ decision: 'deny', decisionReason: 'no iso' }]);
    const failed = await planPolicy(runs, [breaks('fail-closed')], judged);
    expect(failed.because).toMatchObject([{ plugin: 'breaks', version: 3, failed: true }]);
  });
});

describe('what planPolicy is told', () => {
  it('is of the plan what a policy is about, as its contract has it', async () => {
    const plan = planOf(specWith({ steps: [{ id: 'site', run: 'true' }], outputs: [{ type: 'iso' }] }));
    const preview = previewOf(plan, 'demo', { cached: new Map(), history: noHistory }, { svg: false });
    const told = { ...planSummaryOf(preview, plan), spec, context };
    expect(hookContracts.planPolicy.input.parse(told)).toEqual(told);
    expect(told.plan.steps.map(({ id }) => id)).toEqual(plan.steps.map(({ id }) => id));
    const code = `export function planPolicy({ plan, cost }) {
      const own = plan.steps.find(({ program }) => program === 'script');
      return { decision: 'deny', reason: [own.trust, plan.misses, plan.artifacts[0].type, cost.micros > 0].join() };
    }`;
    const { because } = await planPolicy(runs, [pluginOf('reads', code)], told);
    expect(because).toMatchObject([{ reason: `tenant,${plan.steps.length},iso,true` }]);
  });
});

describe('the example of the documents', () => {
  const page = readFileSync(new URL('../../../docs/plugins.md', import.meta.url), 'utf8');
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
  const hooks = ['transformSpec', 'validateSpec', 'planPolicy'];
  const plugin: Plugin = {
    ...pluginOf('example', code),
    hooks: pluginDeclarationSchema.parse({ name: 'a', hooks }).hooks,
  };

  it('tells the limits that hold', () => {
    expect(page).toContain(`Limits as of ${pluginLimitsDate}`);
    for (const code of Object.keys(pluginFailures)) expect(page).toContain(`\`${code}\``);
  });

  it('does what it says', async () => {
    expect(await exportedHooks(runner, { ...plugin, tenantId: 'ten_1' }, signal)).toEqual({ ok: true, hooks });
    const changed = await transform([plugin]);
    expect(changed).toMatchObject({ ok: true, spec: { packages: { install: ['prometheus-node-exporter'] } } });
    const users = [{ name: 'ada', sshKeys: ['ssh-ed25519 AAAA'] }, { name: 'bob' }];
    const { errors } = await validateSpec(runs, [plugin], { spec: { ...spec, users }, context });
    expect(errors).toMatchObject([{ path: 'users[1]', code: 'plugin.refused' }]);
    const plan = { digest: 'd', hits: 0, misses: 0, stages: [], steps: [], artifacts: [] };
    const decide = async (micros: number) =>
      (await planPolicy(runs, [plugin], { plan, spec, cost: { seconds: 1, bytes: 1, micros }, context })).decision;
    expect([await decide(500_000), await decide(500_001)]).toEqual(['allow', 'require-approval']);
  });
});

describe('code that is about to be taken', () => {
  it.each([
    [
      'its hooks',
      'export function planPolicy() {} export const transformSpec = () => 1, other = 1;',
      ['transformSpec', 'planPolicy'],
    ],
    ['no hook', 'export const x = 1;', []],
  ])('tells %s', async (_, code, hooks) => {
    expect(await exportedHooks(runner, { tenantId: 'ten_1', code, timeoutMilliseconds: 500 }, signal)).toEqual({
      ok: true,
      hooks,
    });
  });

  it.each([
    ['is none', 'export {', 'plugin.syntax'],
    ['is too large', 'x'.repeat(262_145), 'plugin.code_too_large'],
    ['never ends', 'for (;;) {}', 'plugin.timeout'],
  ])('is refused where it %s', async (_, code, failure) => {
    expect(await exportedHooks(runner, { tenantId: 'ten_1', code, timeoutMilliseconds: 100 }, signal)).toMatchObject({
      ok: false,
      code: failure,
    });
  });
});
