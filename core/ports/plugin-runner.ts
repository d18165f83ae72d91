import type { JsonValue } from '../digest.ts';
import type { PluginFailureCode } from '../plugins/failures.ts';
import type { PluginHook } from '../plugins/hooks.ts';

/** What a run may take. Bytes and milliseconds. */
export interface PluginLimits {
  readonly cpuMilliseconds: number;
  readonly wallMilliseconds: number;
  readonly memoryBytes: number;
  readonly stackBytes: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly outputDepth: number;
  readonly logBytes: number;
  readonly logLines: number;
  readonly fetches: number;
}

/** What a run has beside its input. What is absent, the code finds to throw. */
export interface PluginGrants {
  /** The time that it is throughout the run: ISO 8601. */
  readonly clock?: string;
  /** What random numbers are made of: equal seeds, equal numbers. */
  readonly randomSeed?: string;
  /** Hosts that may be asked by https, as an address names them; none where empty. */
  readonly fetchHosts: readonly string[];
}

/** One run of one plugin. It is plain JSON, and can be sent to where it is run. */
export interface PluginCall {
  /** Whose plugin it is: an adapter that can keeps runs of tenants on machines of their own. */
  readonly tenantId: string;
  /** One ES module without imports. */
  readonly code: string;
  /** The function to call. Absent: none is called, and the result is the list of the hooks that the module exports. */
  readonly hook?: PluginHook;
  readonly input: JsonValue;
  readonly limits: PluginLimits;
  readonly grants: PluginGrants;
}

export const logLevels = ['debug', 'log', 'info', 'warn', 'error'] as const;

/** One line, without what a terminal would act on. */
export interface PluginLogLine {
  readonly level: (typeof logLevels)[number];
  readonly text: string;
}

export interface PluginLog {
  readonly lines: readonly PluginLogLine[];
  /** There was more than is kept. */
  readonly truncated: boolean;
}

/** A call of fetch, whatever came of it. */
export interface PluginFetch {
  /** As the address names it; empty where it is no address. */
  readonly host: string;
  /** Of the last answer; absent where there is none. */
  readonly status?: number;
  /** Why there is none. */
  readonly reason?: string;
}

/** What a run took. Figures of a run that was ended from outside are as far as they are known. */
export interface PluginFigures {
  readonly log: PluginLog;
  readonly fetches: readonly PluginFetch[];
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
  /** Of the sandbox at its peak, the engine's own memory included. */
  readonly memoryBytes: number;
}

export type PluginOutcome = PluginFigures &
  (
    | { readonly ok: true; readonly output: JsonValue }
    | { readonly ok: false; readonly code: PluginFailureCode; readonly reason: string }
  );

/** Runs code of tenants: each run by itself, in nothing that another run was in or that holds anything of the engine. */
export interface PluginRunner {
  /**
   * Runs a plugin once. It ends within the limits whatever the code does, and what the code does wrong is an outcome.
   * A result is JSON that the sandbox's code wrote, within bounds, and nothing else is known of it.
   * @throws EngineError service.unavailable where it cannot be run now; the signal's reason
   */
  run(call: PluginCall, signal: AbortSignal): Promise<PluginOutcome>;
}
