import type { PluginFailureCode } from '../../core/plugins/failures.ts';
import { pluginLimits } from '../../core/plugins/limits.ts';
import type { PluginCall, PluginOutcome } from '../../core/ports/plugin-runner.ts';
import { utf8Length } from '../../core/text.ts';

/**
 * What is too large is not run.
 * @param input of the call, as JSON
 * @returns undefined where it is not
 */
export function sizeFault({ code, limits }: PluginCall, input: string): PluginOutcome | undefined {
  const refused = (failure: PluginFailureCode, reason: string): PluginOutcome => ({
    ...{ ok: false, code: failure, reason, log: { lines: [], truncated: false }, fetches: [] },
    ...{ milliseconds: 0, cpuMilliseconds: 0, memoryBytes: 0 },
  });
  const { value: mostCode } = pluginLimits.codeBytes;
  if (utf8Length(code) > mostCode) return refused('plugin.code_too_large', `the code has more than ${mostCode} bytes`);
  if (utf8Length(input) <= limits.inputBytes) return undefined;
  return refused('plugin.input_too_large', `the input has more than ${limits.inputBytes} bytes as JSON`);
}
