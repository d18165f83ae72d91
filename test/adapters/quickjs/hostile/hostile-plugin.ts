import type { PluginFailureCode } from '../../../../core/plugins/failures.ts';
import type { PluginOutcome } from '../../../../core/ports/plugin-runner.ts';

/** A plugin that means harm, and what may come of it. */
export interface HostilePlugin {
  readonly name: string;
  readonly code: string;
  /** Codes of failures of which one must come; or what must hold of an outcome. */
  readonly ends: readonly PluginFailureCode[] | ((outcome: PluginOutcome) => boolean);
}

/** A plugin whose transformSpec has a body. */
export const body = (text: string): string => `export function transformSpec({ spec }) { ${text} }`;
/** The same, as an async function. */
export const asyncBody = (text: string): string => `export async function transformSpec({ spec }) { ${text} }`;
/** Plugins by name that end alike. */
export const of = (ends: HostilePlugin['ends'], plugins: Readonly<Record<string, string>>): HostilePlugin[] =>
  Object.entries(plugins).map(([name, code]) => ({ name, code, ends }));
