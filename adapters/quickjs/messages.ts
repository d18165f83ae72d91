import type { PluginFailureCode } from '../../core/plugins/failures.ts';
import type { logLevels, PluginLimits } from '../../core/ports/plugin-runner.ts';

/** Characters of a fetch as JSON: its body is at most 256 KiB, and a character of it six as an escape. */
export const longestRequest = 2_097_152;

/** What a sandbox's process is told first. */
export interface SandboxStart {
  /** Where the engine lies. */
  readonly engineFile: string;
  readonly code: string;
  /** Empty: the module's hooks are listed. */
  readonly hook: string;
  /** JSON. */
  readonly input: string;
  readonly limits: PluginLimits;
  readonly settings: SandboxSettings;
}

/** What the code's surroundings are made by. */
export interface SandboxSettings {
  /** Milliseconds since 1970. */
  readonly clock?: number;
  /** Four numbers of 32 bits. */
  readonly random?: readonly number[];
  /** There are hosts that may be asked. */
  readonly fetch: boolean;
}

/** What a sandbox tells. Texts are the plugin's. */
export type SandboxMessage =
  /** The engine is there, and the plugin's own time begins at this one of the process's main thread. */
  | { readonly kind: 'begun'; readonly cpuMilliseconds: number }
  | { readonly kind: 'log'; readonly level: (typeof logLevels)[number]; readonly text: string }
  | { readonly kind: 'fetch'; readonly id: number; readonly request: string }
  | SandboxEnd;

/** How a run ended. */
export interface SandboxEnd {
  readonly kind: 'end';
  readonly result: SandboxResult;
  readonly cpuMilliseconds: number;
  readonly memoryBytes: number;
}

export type SandboxResult =
  | { readonly ok: true /** JSON, unread. */; readonly output: string }
  | { readonly ok: false; readonly code: PluginFailureCode; readonly reason: string };

/** What a sandbox's process is told later: the answer to a fetch, as JSON. */
export interface FetchReply {
  readonly id: number;
  readonly answer: string;
}
