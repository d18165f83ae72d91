import { z } from 'zod';
import { sha256 } from '../../digest.ts';
import { eventDetail } from '../../events/catalogue.ts';
import { type EngineEvent, engineEventSchema } from '../../events/event.ts';
import { toJsonObject } from '../../json.ts';
import type { TableRecord, TableWrite } from '../../ports/table.ts';
import { timeDigits } from '../../webhooks/delivery.ts';
import { atVersion } from '../../webhooks/endpoint-repository.ts';
import { pluginNameSchema } from '../declaration.ts';
import { pluginLimits } from '../limits.ts';
import { dueHearing, hearingPlace, hearingsOfState } from '../places.ts';
import { pluginRunRecordSchema } from '../run-record.ts';

const timestamp = z.iso.datetime();

export const hearingIdSchema = z.string().regex(/^plh_[0-9A-Z]{26}$/, 'must be the id of a hearing');

/**
 * pending: the plugin is to be told, or told again. succeeded: it heard. failed: it was given up. skipped: the plugin was
 * disabled, or hears such events no more.
 */
export const hearingStates = ['pending', 'succeeded', 'failed', 'skipped'] as const;
export type HearingState = (typeof hearingStates)[number];

/** That one event is told to one plugin. */
export const hearingSchema = z.strictObject({
  id: hearingIdSchema,
  tenantId: z.string(),
  plugin: pluginNameSchema,
  /** As the plugin is told it, each time. */
  event: engineEventSchema,
  state: z.enum(hearingStates),
  /** Runs since it was made or told again. */
  tries: z.number().int().min(0),
  /** Of a pending one: when it is to be told. */
  dueAt: timestamp.exactOptional(),
  /** While somebody tells it: as long as nobody else does. */
  claimedUntil: timestamp.exactOptional(),
  /** The last run, of whichever version was enabled then. */
  run: pluginRunRecordSchema.exactOptional(),
  /** Why it was skipped, or given up without a run. */
  reason: z.string().exactOptional(),
  endedAt: timestamp.exactOptional(),
  /** Epoch seconds from which on it is forgotten. */
  expires: z.number().int(),
});
export type Hearing = z.infer<typeof hearingSchema>;

export interface StoredHearing {
  readonly hearing: Hearing;
  /** 0: it is not stored yet. */
  readonly version: number;
}

export const readHearing = (record: TableRecord): StoredHearing => ({
  hearing: hearingSchema.parse(record.data),
  version: record.version,
});

/** The same however often the event comes. It sorts by the event's time. */
export function hearingIdOf(event: Pick<EngineEvent, 'id' | 'at'>, plugin: string): string {
  const rest = sha256(`${event.id}\n${plugin}`).slice(0, 16).toUpperCase();
  return `plh_${timeDigits(new Date(event.at))}${rest}`;
}

/** Epoch seconds from which on what is written now is forgotten. */
export const hearingExpiry = (now: Date): number =>
  Math.floor(now.getTime() / 1_000) + pluginLimits.hearingDays.value * 86_400;

/** A hearing as it begins: due at once. What the catalogue does not show of an event, no plugin is told. */
export function newHearing(event: EngineEvent, plugin: string, now: Date): Hearing {
  return {
    ...{ id: hearingIdOf(event, plugin), tenantId: event.tenantId, plugin },
    ...{ event: { ...event, detail: eventDetail(event) }, state: 'pending', tries: 0, dueAt: now.toISOString() },
    expires: hearingExpiry(now),
  };
}

/** @param version that of the hearing as it was read; 0: it is new */
export function hearingWrite(hearing: Hearing, version: number): TableWrite {
  const { id, tenantId, plugin, state, dueAt, expires } = hearing;
  return {
    ...{ kind: 'put', key: hearingPlace(tenantId, plugin, id), data: toJsonObject(hearing), expiresAt: expires },
    indexes: {
      byTenant: hearingsOfState(tenantId, plugin, state, id),
      ...(state === 'pending' && dueAt !== undefined ? { byState: dueHearing(tenantId, dueAt, id) } : {}),
    },
    condition: atVersion(version),
  };
}

/** A hearing that has come to an end. */
export function ended(
  { dueAt: _, claimedUntil: __, reason: ___, ...hearing }: Hearing,
  end: Pick<Hearing, 'state' | 'run' | 'reason'>,
  now: Date,
): Hearing {
  return { ...hearing, ...end, endedAt: now.toISOString() };
}
