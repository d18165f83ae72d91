import { z } from 'zod';
import type { Ports } from '../../../core/ports/ports.ts';
import { deliveryIdSchema } from '../../../core/webhooks/delivery.ts';
import { webhookIdSchema } from '../../../core/webhooks/endpoint.ts';

export const webhookParams = z.strictObject({ id: webhookIdSchema });
export const deliveryParams = z.strictObject({ id: webhookIdSchema, deliveryId: deliveryIdSchema });

/** The ports that a change of a webhook needs, with what the operator allows. */
export const changePorts = ({ table, clock, ids, vault, installation }: Ports) => ({
  ...{ table, clock, ids, vault, privateHosts: installation.webhookPrivateHosts ?? [] },
});
