import type { Slots } from '../slots.ts';
import { webhookLimits } from './limits.ts';
import { slotPlace } from './places.ts';

/**
 * Calls that send at once what has just happened to one tenant's endpoints. Whoever calls may wait 15 seconds for each
 * answer: half of the places that one machine has for it (core/wiring/flow-functions.ts), so that no tenant has them all.
 */
const slotsOfTenant = 2;

/** What a tenant's calls hold meanwhile. */
export const tenantSlots = (tenantId: string): Slots => ({
  places: Array.from({ length: slotsOfTenant }, (_, slot) => slotPlace(tenantId, slot)),
  leaseMilliseconds: webhookLimits.answerMilliseconds + 45_000,
});
