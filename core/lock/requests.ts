import type { Sha256 } from '../digest.ts';
import { keyOf } from '../plan/keys.ts';
import type { PlanStep } from '../plan/plan.ts';
import { installs } from './build-lock.ts';

/**
 * What each step that takes packages was asked for: its key's inputs but for the toolchain, and so for those of the
 * steps below. Where two requests are equal, the same packages answer both, by whatever tools.
 * @param steps in topological order
 */
export function requestsOf(steps: readonly Pick<PlanStep, 'id' | 'program' | 'inputs'>[]): Map<string, Sha256> {
  const requests = new Map<string, Sha256>();
  for (const { id, program, inputs } of steps) {
    if (!installs(program)) continue;
    const asked = Object.entries(inputs).map(([name, value]) => {
      if (name === 'toolchain') return [name, ''];
      return [name, name.startsWith('needs.') ? (requests.get(name.slice('needs.'.length)) ?? value) : value];
    });
    requests.set(id, keyOf(Object.fromEntries(asked)));
  }
  return requests;
}
