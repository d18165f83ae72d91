import { EngineError } from '../core/errors.ts';

/** Micro-dollars as people read them, exact: `12.345678 USD`, with two digits at least. */
export function money(microDollars: number): string {
  const digits = String(Math.abs(microDollars)).padStart(7, '0');
  const fraction = digits.slice(-6).replace(/0{1,4}$/, '');
  return `${microDollars < 0 ? '-' : ''}${digits.slice(0, -6)}.${fraction} USD`;
}

/**
 * Reads dollars, `250` or `99.95`, as micro-dollars. No double is in between.
 * @throws EngineError request.invalid
 */
export function microDollarsOf(text: string): number {
  const [, whole = '', fraction = ''] = /^(\d{1,9})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  if (whole === '') throw new EngineError('request.invalid', `${text} is no amount of dollars such as 250 or 99.95.`);
  return Number(`${whole}${fraction.padEnd(6, '0')}`);
}
