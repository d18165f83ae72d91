import { readTrigger } from './envelope.ts';

/**
 * Id of the build that an event of the engine is about; undefined for a schedule's tick, at which a function sweeps.
 * @throws z.ZodError where the input is no trigger at all.
 */
export function buildOf(input: unknown): string | undefined {
  const trigger = readTrigger(input);
  if (trigger.kind !== 'event') return undefined;
  const { buildId } = trigger.event.detail;
  if (typeof buildId !== 'string') throw new TypeError(`the event ${trigger.event.type} names no build`);
  return buildId;
}
