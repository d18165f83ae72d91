import { printable } from '../../core/builds/printable.ts';
import type { JsonValue } from '../../core/digest.ts';
import { readBoundedJson } from '../../core/plugins/bounded-json.ts';
import { type PluginFailureCode, pluginFailures } from '../../core/plugins/failures.ts';
import type { PluginLimits } from '../../core/ports/plugin-runner.ts';
import { utf8Length } from '../../core/text.ts';
import type { SandboxResult } from './messages.ts';

/** What a run came to. */
type Read =
  | { readonly ok: true; readonly output: JsonValue }
  | { readonly ok: false; readonly code: PluginFailureCode; readonly reason: string };

/** Reads a result, as the sandbox wrote it, within its bounds. */
export function readResult(
  result: SandboxResult,
  { outputBytes, outputDepth }: Pick<PluginLimits, 'outputBytes' | 'outputDepth'>,
): Read {
  if (!result.ok) return { ...result, reason: shownReason(result.reason) || pluginFailures[result.code].title };
  const { output } = result;
  if (output.length > outputBytes || utf8Length(output) > outputBytes) {
    const reason = `the result has more than ${outputBytes} bytes as JSON`;
    return { ok: false, code: 'plugin.output_too_large', reason };
  }
  const read = readBoundedJson(output, outputDepth);
  if (read.ok) return { ok: true, output: read.value };
  return { ok: false, code: 'plugin.output', reason: `the result cannot be taken: ${read.reason}` };
}

/** One line; a plugin wrote some of it. */
const shownReason = (text: string): string =>
  printable(text.replaceAll(/\s+/g, ' ')).trim().slice(0, 1_000).toWellFormed();
