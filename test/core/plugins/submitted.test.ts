import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPluginRunner } from '../../../adapters/quickjs/plugin-runner.ts';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { enablePlugin, putPlugin } from '../../../core/plugins/change-plugin.ts';
import { pluginDeclarationSchema } from '../../../core/plugins/declaration.ts';
import { pluginLimits } from '../../../core/plugins/limits.ts';
import { enabledPlugins } from '../../../core/plugins/plugin-repository.ts';
import { planPolicyView } from '../../../core/plugins/policy-view.ts';
import { type Asked, judged, planJudged, togetherUntil, transformed } from '../../../core/plugins/submitted.ts';
import { bundleSandbox } from '../../adapters/quickjs/bundled-sandbox.ts';

const { sandboxFile, remove } = bundleSandbox();
const clock = createSystemClock();
const ports = {
  ...{ table: openSqliteTable({ file: ':memory:', clock }), clock, ids: createIds(clock) },
  plugins: createPluginRunner({ parallel: 2, sandboxFile }),
};
const actor = { tenantId: 'ten_1', memberId: 'mem_1', keyId: 'key_1', requestId: 'req_1' };
const spec = { name: 'demo' };

beforeAll(async () => {
  const code = `export function transformSpec() { for (;;) {} }
    export function validateSpec() { return { errors: [] }; }`;
  const declaration = pluginDeclarationSchema.parse({ name: 'slow', hooks: ['transformSpec', 'validateSpec'] });
  await putPlugin(ports, actor, declaration, code);
  await enablePlugin(ports, actor, 'slow', {});
});
afterAll(() => {
  ports.table.close();
  remove();
});

const askedUntil = (until: number): Asked => ({ actor, seed: 's', signal: new AbortController().signal, until });

it('the plugins of a submission have one time together, whatever hooks of theirs are called', async () => {
  const enabled = await enabledPlugins(ports.table, 'ten_1');
  const now = clock.now().getTime();
  expect(togetherUntil({ clock: { ...clock, now: () => new Date(0) } })).toBe(pluginLimits.togetherMilliseconds.value);
  const asked = askedUntil(now + 500);
  // The run itself might take four times as long.
  await expect(transformed(ports, enabled, asked, spec, () => [])).rejects.toMatchObject({
    code: 'plugin.time_exceeded',
  });
  expect(clock.now().getTime() - now).toBeLessThan(1_900);
  // What the first has used up, the second does not have; with a time of its own it ends well.
  await expect(judged(ports, enabled, asked, spec)).rejects.toMatchObject({ code: 'plugin.time_exceeded' });
  expect(await judged(ports, enabled, askedUntil(togetherUntil(ports)), spec)).toMatchObject({ errors: [] });
});

it('an end that the caller asks for is the caller’s', async () => {
  const enabled = await enabledPlugins(ports.table, 'ten_1');
  const asked = { ...askedUntil(togetherUntil(ports)), signal: AbortSignal.abort(new Error('gone')) };
  await expect(judged(ports, enabled, asked, spec)).rejects.toThrow('gone');
});

it('a plan that is looked at is judged by those that judge plans alone, told who looks', async () => {
  const put = async (name: string, text: string) => {
    const declaration = pluginDeclarationSchema.parse({ name, hooks: ['planPolicy'] });
    await putPlugin(
      ports,
      { ...actor, tenantId: 'ten_2' },
      declaration,
      `export function planPolicy(asked) { ${text} }`,
    );
    await enablePlugin(ports, { ...actor, tenantId: 'ten_2' }, name, {});
  };
  const judge = async () => {
    const asked = { ...askedUntil(togetherUntil(ports)), actor: { ...actor, tenantId: 'ten_2' }, teamId: 'team_1' };
    const plan = { digest: 'd', hits: 0, misses: 1, stages: [], steps: [], artifacts: [] };
    const subject = { plan, spec, cost: { seconds: 1, bytes: 1, micros: 1 } };
    return planJudged(ports, await enabledPlugins(ports.table, 'ten_2'), asked, subject);
  };
  await put('tells', 'return { decision: "require-approval", reason: JSON.stringify(asked.context) };');
  const first = await judge();
  const reason = JSON.stringify({ tenantId: 'ten_2', memberId: 'mem_1', teamId: 'team_1' });
  const asks = { plugin: 'tells', version: 1, reason };
  expect(planPolicyView(first.decision, first.because)).toEqual({ decision: 'require-approval', because: [asks] });
  await put('breaks', 'throw new Error("no");');
  const second = await judge();
  expect(second.records).toHaveLength(2);
  expect(planPolicyView(second.decision, second.because)).toEqual({
    decision: 'deny',
    because: [{ plugin: 'breaks', version: 1, failed: true, reason: expect.stringContaining('(plugin.threw)') }],
  });
});
