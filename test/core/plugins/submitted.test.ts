import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPluginRunner } from '../../../adapters/quickjs/plugin-runner.ts';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { enablePlugin, putPlugin } from '../../../core/plugins/change-plugin.ts';
import { pluginDeclarationSchema } from '../../../core/plugins/declaration.ts';
import { pluginLimits } from '../../../core/plugins/limits.ts';
import { enabledPlugins } from '../../../core/plugins/plugin-repository.ts';
import { type Asked, judged, togetherUntil, transformed } from '../../../core/plugins/submitted.ts';
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
