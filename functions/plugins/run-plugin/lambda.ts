import { fileURLToPath } from 'node:url';
import { createPluginRunner } from '../../../adapters/quickjs/plugin-runner.ts';
import { EngineError } from '../../../core/errors.ts';
import type { PluginCall, PluginOutcome } from '../../../core/ports/plugin-runner.ts';
import { environmentNames as names } from '../../../core/wiring/environment.ts';
import { noProxySchema, proxyOf } from '../../../core/wiring/proxy.ts';

/** Where lib/function-code.ts puts them: at the top of the asset, beside `functions`. */
const sandboxFolder = new URL('../../../sandbox/', import.meta.url);

const noProxy = noProxySchema.optional().parse(process.env[names.noProxy]);

const runner = createPluginRunner({
  // One run at once on a machine: Lambda starts another for the next.
  ...{ parallel: 1, proxy: proxyOf(process.env[names.proxy], noProxy) },
  sandboxFile: fileURLToPath(new URL('sandbox-process.mjs', sandboxFolder)),
  engineFile: fileURLToPath(new URL('quickjs.wasm', sandboxFolder)),
});

/**
 * Runs a plugin once; the engine alone may call it. What plugins fetch is fetched here, by the guard, outside of the
 * sandbox's process; hosts with private addresses are not reached from here, whatever the operator allows.
 * @returns the outcome; `unavailable` where the run could not begin
 */
export async function handler(call: PluginCall): Promise<PluginOutcome | { readonly unavailable: true }> {
  try {
    return await runner.run(call, new AbortController().signal);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    console.error(JSON.stringify({ message: error.detail, cause: String(error.cause) }));
    return { unavailable: true };
  }
}
