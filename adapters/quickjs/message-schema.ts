import { z } from 'zod';
import { type PluginFailureCode, pluginFailures } from '../../core/plugins/failures.ts';
import { logLevels } from '../../core/ports/plugin-runner.ts';

const amount = z.number().min(0);

/** What sandboxes tell, as it is read outside of them. Texts are the plugin's, and not yet looked at. */
export const sandboxMessageSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('begun'), cpuMilliseconds: amount }),
  z.strictObject({ kind: z.literal('log'), level: z.enum(logLevels), text: z.string() }),
  z.strictObject({ kind: z.literal('fetch'), id: z.number().int(), request: z.string() }),
  z.strictObject({
    kind: z.literal('end'),
    result: z.discriminatedUnion('ok', [
      z.strictObject({ ok: z.literal(true), output: z.string() }),
      z.strictObject({
        ok: z.literal(false),
        code: z.custom<PluginFailureCode>((code) => typeof code === 'string' && Object.hasOwn(pluginFailures, code)),
        reason: z.string(),
      }),
    ]),
    cpuMilliseconds: amount,
    memoryBytes: amount,
  }),
]);
