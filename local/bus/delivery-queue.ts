import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { EventEnvelope } from '../../core/events/envelope.ts';
import { jsonObjectSchema } from '../../core/json.ts';
import { type EventFunctionName, eventFunctions } from '../../core/wiring/flow-functions.ts';
import { openDurableDatabase } from '../flow/durable-database.ts';

/** One event on its way to one rule's target. */
export interface Delivery {
  readonly id: number;
  readonly rule: string;
  readonly target: EventFunctionName;
  readonly envelope: EventEnvelope;
  /** Failed attempts so far. */
  readonly attempts: number;
}

const rowSchema = z.object({
  id: z.number(),
  rule: z.string(),
  target: z.string().refine(isEventFunction, 'is no function of this engine'),
  envelope: z.string(),
  attempts: z.number(),
});
const envelopeSchema = z.strictObject({
  'detail-type': z.string(),
  source: z.string(),
  id: z.string(),
  time: z.string(),
  detail: jsonObjectSchema,
});

function isEventFunction(name: string): name is EventFunctionName {
  return Object.hasOwn(eventFunctions, name);
}

/** Deliveries that are done and may still stand in the file: after a crash they are delivered once more. */
const mostDone = 100;

/**
 * Deliveries that are not done, in a SQLite file: what a method did is on the disk when it returns, but for `remove`.
 * A delivery may come twice, so nobody waits for the disk to forget one; the file forgets many at once.
 */
export class DeliveryQueue {
  readonly #database: DatabaseSync;
  #done: number[] = [];

  constructor(file: string) {
    this.#database = openDurableDatabase(
      file,
      `CREATE TABLE IF NOT EXISTS deliveries (
        id INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, target TEXT NOT NULL, envelope TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0
      ) STRICT;`,
    );
  }

  close(): void {
    this.forgetDone();
    this.#database.close();
  }

  all(): readonly Delivery[] {
    return this.#database
      .prepare('SELECT * FROM deliveries ORDER BY id')
      .all()
      .map((row) => {
        const stored = rowSchema.parse(row);
        return { ...stored, envelope: envelopeSchema.parse(JSON.parse(stored.envelope)) };
      });
  }

  /** Stores new deliveries, all or none. */
  add(deliveries: readonly Omit<Delivery, 'id' | 'attempts'>[]): readonly Delivery[] {
    if (deliveries.length === 0) return [];
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      this.#deleteDone();
      const insert = this.#database.prepare('INSERT INTO deliveries (rule, target, envelope) VALUES (?, ?, ?)');
      const added = deliveries.map((delivery) => {
        const { rule, target, envelope } = delivery;
        const id = Number(insert.run(rule, target, JSON.stringify(envelope)).lastInsertRowid);
        return { id, rule, target, envelope, attempts: 0 };
      });
      this.#database.exec('COMMIT');
      this.#done = [];
      return added;
    } catch (thrown) {
      this.#database.exec('ROLLBACK');
      throw thrown;
    }
  }

  attempted(id: number, attempts: number): void {
    this.#database.prepare('UPDATE deliveries SET attempts = ? WHERE id = ?').run(attempts, id);
  }

  /** A delivery is done. */
  remove(id: number): void {
    this.#done.push(id);
    if (this.#done.length >= mostDone) this.forgetDone();
  }

  /** Takes what is done out of the file. */
  forgetDone(): void {
    if (this.#done.length === 0) return;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      this.#deleteDone();
      this.#database.exec('COMMIT');
      this.#done = [];
    } catch (thrown) {
      this.#database.exec('ROLLBACK');
      throw thrown;
    }
  }

  #deleteDone(): void {
    const forget = this.#database.prepare('DELETE FROM deliveries WHERE id = ?');
    for (const id of this.#done) forget.run(id);
  }
}
