import { z } from 'zod';

/**
 * A whole number in a query or a path, written as JSON writes it: no spaces, no `0x10`, no `1e2`, no empty text, which
 * Number() would all take for one. It is a number in the document.
 * @param low the least that it may be
 * @param high the most that it may be
 */
export function wholeNumber(low: number, high: number) {
  return parsed(low, high).meta({ override: { type: 'integer', minimum: low, maximum: high } });
}

/** The same, and what it is where it is not given. */
export function wholeNumberOr(usual: number, low: number, high: number) {
  return parsed(low, high)
    .default(usual)
    .meta({ override: { type: 'integer', minimum: low, maximum: high, default: usual } });
}

const parsed = (low: number, high: number) =>
  z
    .string()
    .refine((text) => /^(?:0|-?[1-9][0-9]{0,14})$/.test(text), 'not a whole number')
    .transform(Number)
    .pipe(z.number().int().min(low).max(high));
