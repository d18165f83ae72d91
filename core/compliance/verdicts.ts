import type { JudgedSpec, Verdict } from './check.ts';

/** How many lines of evidence a verdict keeps. */
const mostLines = 40;

function verdict(state: Verdict['state'], evidence: readonly string[]): Verdict {
  const rest = evidence.length - mostLines;
  return { state, evidence: rest > 0 ? [...evidence.slice(0, mostLines), `and ${rest} more`] : [...evidence] };
}

export const pass = (...evidence: readonly [string, ...string[]]): Verdict => verdict('pass', evidence);
export const fail = (...evidence: readonly [string, ...string[]]): Verdict => verdict('fail', evidence);
export const manual = (...evidence: readonly [string, ...string[]]): Verdict => verdict('manual', evidence);
export const notApplicable = (reason: string): Verdict => verdict('not_applicable', [reason]);

/** Fails with what is wrong, or passes with what was seen. */
export function judged(wrong: readonly string[], seen: readonly [string, ...string[]]): Verdict {
  const [first, ...others] = wrong;
  return first === undefined ? pass(...seen) : fail(first, ...others);
}

const containers: ReadonlySet<string> = new Set(['oci', 'docker', 'wsl']);

/** Whether every output is a container. */
export const onlyContainers = ({ outputs }: Pick<JudgedSpec, 'outputs'>): boolean =>
  outputs.every(({ type }) => containers.has(type));

/** Why a check of a running system says nothing of a container; undefined where an output boots or is unpacked. */
export function withoutSystem(spec: JudgedSpec): Verdict | undefined {
  if (!onlyContainers(spec)) return undefined;
  return notApplicable('every output is a container: kernel and services are those of its host');
}
