import { z } from 'zod';
import { untilDone } from '../access/attempts.ts';
import { type Actor, auditWrite } from '../audit/entry.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { dayAt } from './days.ts';
import { rateCardPlace } from './places.ts';
import { type RateCard, type RateVersion, rateVersionSchema } from './rate-card.ts';

/** Versions that a card keeps: eight years of monthly ones, in some 50 KB. */
export const mostVersions = 100;

const cardSchema = z.strictObject({ versions: z.array(rateVersionSchema) });

interface RatePorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

export async function readRateCard(table: Table): Promise<RateCard> {
  return (await stored(table)).card;
}

async function stored(table: Table): Promise<{ readonly card: RateCard; readonly version: number }> {
  const record = await table.get(rateCardPlace);
  if (record === undefined) return { card: { versions: [] }, version: 0 };
  return { card: cardSchema.parse(record.data), version: record.version };
}

/**
 * Adds a version to the card, or replaces one that has not begun. What has begun is what use of its days costs, for good;
 * only the very first version may begin in the past. Invoices that are closed stay as they are in any case.
 * @throws EngineError rates.begun, rates.too_many
 */
export async function setRates(ports: RatePorts, operator: Actor, version: RateVersion): Promise<RateCard> {
  return change(ports, (card) => {
    if (card.versions.length > 0) needFuture(ports, version.from);
    const others = card.versions.filter(({ from }) => from !== version.from);
    if (others.length >= mostVersions) {
      throw new EngineError('rates.too_many', `The card has ${others.length} versions.`);
    }
    const versions = [...others, version].sort((a, b) => (a.from < b.from ? -1 : 1));
    return {
      card: { versions },
      audit: auditWrite(ports, operator, {
        ...{ action: 'rates.set', target: version.from, detail: toJsonObject(version) },
      }),
    };
  });
}

/**
 * Takes back a version that has not begun.
 * @throws EngineError rates.not_found, rates.begun
 */
export async function removeRates(ports: RatePorts, operator: Actor, from: string): Promise<RateCard> {
  return change(ports, (card) => {
    if (!card.versions.some((version) => version.from === from)) {
      throw new EngineError('rates.not_found', `No version of the rate card begins on ${from}.`);
    }
    needFuture(ports, from);
    return {
      card: { versions: card.versions.filter((version) => version.from !== from) },
      audit: auditWrite(ports, operator, { action: 'rates.removed', target: from }),
    };
  });
}

function needFuture({ clock }: RatePorts, from: string): void {
  const today = dayAt(clock.now());
  if (from > today) return;
  throw new EngineError('rates.begun', `${from} has begun; the first day that has not is the one after ${today}.`);
}

function change(
  { table }: RatePorts,
  next: (card: RateCard) => { readonly card: RateCard; readonly audit: ReturnType<typeof auditWrite> },
): Promise<RateCard> {
  return untilDone(async () => {
    const before = await stored(table);
    const { card, audit } = next(before.card);
    const condition =
      before.version === 0 ? ({ kind: 'absent' } as const) : ({ kind: 'version', version: before.version } as const);
    try {
      await table.transact([{ kind: 'put', key: rateCardPlace, data: toJsonObject(card), condition }, audit]);
      return card;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      return undefined;
    }
  });
}
