import { z } from 'zod';
import { isPublic } from '../events/catalogue.ts';
import { type EventType, eventTypes } from '../events/event.ts';
import { webhookLimits } from './limits.ts';
import { webhookSecretPrefix } from './places.ts';

const timestamp = z.iso.datetime();

export const webhookIdSchema = z.string().regex(/^whk_[0-9A-Z]{26}$/, 'must be the id of a webhook');

/** Sent on demand to one endpoint, whatever its filter. */
export const pingType = 'webhook.ping' satisfies EventType;

/** Types that a tenant can have sent to it. */
export const sendableTypes: readonly EventType[] = eventTypes.filter((type) => isPublic(type) && type !== pingType);

/** Whether a filter's entry, a type or the begin of some with `.*`, takes events of a type. */
export function takes(entry: string, type: string): boolean {
  if (entry === '*') return true;
  return entry.endsWith('.*') ? type.startsWith(entry.slice(0, -1)) : entry === type;
}

export const filterSchema = z
  .array(
    z
      .string()
      .max(64)
      .refine((entry) => sendableTypes.some((type) => takes(entry, type)), 'takes no type of events that there is'),
  )
  .min(1)
  .max(webhookLimits.filters)
  .overwrite((list) => [...new Set(list)].sort())
  .describe(
    'Types of events, `build.failed`; all of a kind, `build.*`; or `*` for all, those that later versions add too.',
  );

/** What a tenant says of an endpoint. */
export const endpointContentSchema = z.strictObject({
  url: z.string().min(1).max(webhookLimits.url).describe('Where events are posted to: an https address.'),
  events: filterSchema,
  teamId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/)
    .exactOptional()
    .describe('Only events of this team’s builds. Absent: of the whole tenant.'),
  description: z
    .string()
    .max(webhookLimits.description)
    .regex(/^\P{Cc}*$/u, 'must be one line')
    .default('')
    .describe('For people.'),
  enabled: z.boolean().default(true).describe('Whether events are sent to it.'),
});
export type EndpointContent = z.output<typeof endpointContentSchema>;

/** Why nothing is sent to an endpoint: somebody wants that; it answered 410; nothing arrived for days. */
export const disabledReasons = ['asked', 'gone', 'failing'] as const;
export type DisabledReason = (typeof disabledReasons)[number];

/** Where events of a tenant are sent to. */
export const endpointRecordSchema = z.strictObject({
  id: webhookIdSchema,
  tenantId: z.string(),
  url: z.string(),
  events: z.array(z.string()).min(1),
  teamId: z.string().exactOptional(),
  description: z.string(),
  enabled: z.boolean(),
  /** There exactly where it is not enabled. */
  disabled: z.strictObject({ reason: z.enum(disabledReasons), at: timestamp }).exactOptional(),
  /** Sealed, the latest last. All but that end. */
  secrets: z.array(
    z.strictObject({
      version: z.number().int().min(1),
      sealed: z.base64(),
      createdAt: timestamp,
      expiresAt: timestamp.exactOptional(),
    }),
  ),
  createdAt: timestamp,
  changedAt: timestamp,
});
export type EndpointRecord = z.infer<typeof endpointRecordSchema>;
export type EndpointSecret = EndpointRecord['secrets'][number];

/** How it has answered of late. */
export const healthSchema = z.strictObject({
  /** Since when nothing has arrived. */
  failingSince: timestamp.exactOptional(),
  /** Until when it asked to be left alone. */
  quietUntil: timestamp.exactOptional(),
  /** When something arrived last, to within a minute. */
  arrivedAt: timestamp.exactOptional(),
});
export type Health = z.infer<typeof healthSchema>;

/** The secrets that sign at a time. */
export const livingSecrets = ({ secrets }: Pick<EndpointRecord, 'secrets'>, now: Date): EndpointSecret[] =>
  secrets.filter(({ expiresAt }) => expiresAt === undefined || new Date(expiresAt) > now);

/** What a secret is sealed for: no secret of a spec has such a name. */
export const sealedFor = ({ tenantId, id }: Pick<EndpointRecord, 'tenantId' | 'id'>, version: number) => ({
  ...{ tenantId, name: `${webhookSecretPrefix}${id}`, version },
});

/** Whether an endpoint is to have an event. */
export function wants(
  { events, teamId }: Pick<EndpointRecord, 'events' | 'teamId'>,
  type: EventType,
  eventTeam: unknown,
): boolean {
  return (teamId === undefined || teamId === eventTeam) && events.some((entry) => takes(entry, type));
}
