import type { PluginFailureCode } from '../../core/plugins/failures.ts';
import type { SandboxResult } from './messages.ts';

/** Codes that an error of the surroundings has; others are the plugin's own words. */
const givenCodes: readonly PluginFailureCode[] = ['plugin.not_granted', 'plugin.fetch_refused', 'plugin.fetch_failed'];

export const timedOut: SandboxResult = {
  ...{ ok: false, code: 'plugin.timeout', reason: 'the code has used its processor time' },
};

/** What the prelude tells of an end. */
export function resultOf(kind: string, [first = '', second = '', third = '']: readonly string[]): SandboxResult {
  if (kind === 'ok') return { ok: true, output: first };
  if (kind === 'missing') return { ok: false, code: 'plugin.hook_missing', reason: 'it is not exported' };
  if (kind === 'too-large') {
    return { ok: false, code: 'plugin.output_too_large', reason: `the result has ${first} characters as JSON` };
  }
  const thrown = thrownResult(first, second, third);
  // What is thrown while JSON is made of a result is of the result, unless it is of the limits.
  if (kind !== 'no-json' || thrown.ok || thrown.code !== 'plugin.threw') return thrown;
  return { ok: false, code: 'plugin.output', reason: `JSON cannot hold the result: ${thrown.reason}` };
}

function thrownResult(name: string, message: string, given: string): SandboxResult {
  const told = givenCodes.find((known) => known === given);
  if (told !== undefined) return { ok: false, code: told, reason: message };
  const reason = name === '' || message === '' ? `${name}${message}` : `${name}: ${message}`;
  const code = thrownCode(name, message);
  return { ok: false, code, reason: reason === '' ? 'something without a name was thrown' : reason };
}

/** The engine's own errors are told by their words: who imitates them fails by another name, and that is all. */
function thrownCode(name: string, message: string): PluginFailureCode {
  if (name === 'InternalError' && message === 'out of memory') return 'plugin.memory';
  // The engine's empty value: memory gave out where it makes no error of that.
  if (name === '' && message === '[uninitialized]') return 'plugin.memory';
  if (/stack (?:overflow|size exceeded)/i.test(message)) return 'plugin.stack';
  return 'plugin.threw';
}

/** What the engine cannot go on after: an error that code cannot catch, one of loading the code, or a trap. */
export function failureOf(error: unknown): SandboxResult {
  if (error instanceof WebAssembly.RuntimeError) {
    return { ok: false, code: 'plugin.crashed', reason: 'the engine stopped in a trap' };
  }
  if (!(error instanceof Error)) return { ok: false, code: 'plugin.crashed', reason: 'the engine failed' };
  const { name, message } = error;
  // The second is what the engine says of imports: it has no loader.
  if (name === 'SyntaxError' || message.startsWith('could not load module')) {
    return { ok: false, code: 'plugin.syntax', reason: message.slice(0, 1_000) };
  }
  // Of what was thrown where nothing of it can be read.
  return message === '<null>' ? thrownResult('', '', '') : thrownResult(name, message.slice(0, 1_000), '');
}
