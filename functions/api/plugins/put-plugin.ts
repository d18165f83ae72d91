import { z } from 'zod';
import { EngineError, type FieldError } from '../../../core/errors.ts';
import { putPlugin as storeVersion } from '../../../core/plugins/change-plugin.ts';
import { type PluginDeclaration, pluginDeclarationSchema } from '../../../core/plugins/declaration.ts';
import { pluginFailures } from '../../../core/plugins/failures.ts';
import { pluginLimits } from '../../../core/plugins/limits.ts';
import { exportedHooks } from '../../../core/plugins/run-hook.ts';
import { pluginVersionView, pluginVersionViewSchema } from '../../../core/plugins/views.ts';
import type { PluginRunner } from '../../../core/ports/plugin-runner.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { pluginParams } from './plugin-params.ts';

/** Takes a version once it is known that the code can be loaded and has the hooks that are declared. */
export const putPlugin = defineOperation({
  id: 'putPlugin',
  method: 'PUT',
  path: '/v1/plugins/{name}',
  summary: 'Put a version of a plugin; the same as the latest makes none. It is not run before it is enabled',
  access: { kind: 'permission', permission: 'plugins:write' },
  params: pluginParams,
  query: z.strictObject({}),
  body: z.strictObject({
    declaration: pluginDeclarationSchema,
    code: z.string().min(1).max(pluginLimits.codeBytes.value).describe('One ES module without imports.'),
  }),
  // JSON may write a character in six.
  mostBytes: 6 * pluginLimits.codeBytes.value,
  response: pluginVersionViewSchema,
  status: 200,
  otherStatus: 201,
  errors: ['plugin.code_refused', 'plugin.too_many', 'plugin.unsupported'],
  async handle(ports, { params, body, context }) {
    const { declaration, code } = body;
    if (declaration.name !== params.name) {
      throw refused([
        fault('declaration.name', 'plugin.name_differs', 'it is not the name in the path', 'Give the same name twice.'),
      ]);
    }
    const { plugins } = ports;
    if (plugins === undefined) throw new EngineError('plugin.unsupported', 'Nothing here runs plugins.');
    const principal = principalOf(context);
    await needHooks(plugins, { ...declaration, code, tenantId: principal.tenantId }, context.signal);
    const { version, created } = await storeVersion(ports, principal, declaration, code);
    return { status: created ? 201 : 200, body: pluginVersionView(version) };
  },
});

/** @throws EngineError plugin.code_refused, service.unavailable */
async function needHooks(
  runner: PluginRunner,
  plugin: PluginDeclaration & { readonly code: string; readonly tenantId: string },
  signal: AbortSignal,
): Promise<void> {
  const found = await exportedHooks(runner, plugin, signal);
  if (!found.ok) throw refused([fault('code', found.code, found.reason, pluginFailures[found.code].remedy)]);
  const { remedy } = pluginFailures['plugin.hook_missing'];
  const missing = plugin.hooks.filter((hook) => !found.hooks.includes(hook));
  if (missing.length === 0) return;
  throw refused(missing.map((hook) => fault('code', 'plugin.hook_missing', `it exports no function ${hook}`, remedy)));
}

const fault = (path: string, code: string, reason: string, remedy: string): FieldError => ({
  ...{ path, code, reason, remedy },
});

const refused = (fields: readonly FieldError[]): EngineError =>
  new EngineError('plugin.code_refused', `${fields.length} thing(s) are wrong with the plugin.`, { fields });
