import { sweepRequests } from '../../../core/approvals/sweep.ts';
import type { JsonValue } from '../../../core/digest.ts';
import type { Ports } from '../../../core/ports/ports.ts';

/** Ends requests for approval whose time is over, and looks anew at those whose policies or approvals have changed. */
export async function handle(ports: Pick<Ports, 'table' | 'clock' | 'ids'>, _input: unknown): Promise<JsonValue> {
  return { decided: await sweepRequests(ports) };
}
