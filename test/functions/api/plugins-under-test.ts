import { afterAll, beforeAll } from 'vitest';
import { createPluginRunner } from '../../../adapters/quickjs/plugin-runner.ts';
import { pluginVersionViewSchema, pluginViewSchema } from '../../../core/plugins/views.ts';
import { bundleSandbox } from '../../adapters/quickjs/bundled-sandbox.ts';
import { type ApiUnderTest, openApi, type TenantUnderTest } from './api-under-test.ts';
import { type Answer, call, problemOf } from './http-call.ts';

/** A plugin that finds nothing wrong. */
export const judges = 'export function validateSpec() { return { errors: [] }; }';

/** What the suites of plugins do over HTTP, of the installation as it is, and of the same one with real sandboxes. */
export function pluginsUnder(api: () => ApiUnderTest) {
  const sandbox = bundleSandbox();
  let opened:
    | { readonly running: ApiUnderTest; readonly one: TenantUnderTest; readonly other: TenantUnderTest }
    | undefined;
  beforeAll(async () => {
    const plugins = createPluginRunner({ parallel: 2, sandboxFile: sandbox.sandboxFile });
    const running = await openApi(api().ports.table, {}, { plugins });
    opened = { running, one: await running.tenant('plugins'), other: await running.tenant('other plugins') };
  });
  afterAll(async () => {
    await opened?.running.close();
    sandbox.remove();
  });
  const there = () => {
    if (opened === undefined) throw new Error('the API with plugins is not open');
    return opened;
  };
  const send = (
    method: string,
    path: string,
    body?: unknown,
    key = there().one.keys.admin,
    url = there().running.url,
  ) => call(`${url}/v1${path}`, { method, key, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return {
    there,
    send,
    /** Puts a version that judges specs, but for what is said. */
    put: (name: string, given: object = {}, code = judges, key = there().one.keys.admin) =>
      send('PUT', `/plugins/${name}`, { declaration: { name, hooks: ['validateSpec'], ...given }, code }, key),
    refusal: (answer: Answer) => [answer.status, problemOf(answer).code],
    view: (answer: Answer) => pluginViewSchema.parse(answer.json()),
    version: (answer: Answer) => pluginVersionViewSchema.parse(answer.json()),
  };
}
