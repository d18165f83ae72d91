/** A millionth of a US dollar: what prices and amounts are integers of. */
export type MicroDollars = number;

export const currency = 'USD';

/**
 * What a quantity costs: quantity times price over the unit, exact, and rounded once, half to even.
 * @param price micro-dollars for `size` of what is counted
 */
export function amountOf(quantity: bigint, price: number, size: number): bigint {
  return roundedQuotient(quantity * BigInt(price), BigInt(size));
}

/** A quotient of what is not negative, rounded to an integer, half to even. */
export function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const [quotient, twice] = [dividend / divisor, (dividend % divisor) * 2n];
  if (twice < divisor || (twice === divisor && quotient % 2n === 0n)) return quotient;
  return quotient + 1n;
}

/**
 * An integer as a number of JSON.
 * @throws RangeError beyond 2^53 (9 billion dollars): better no bill than a wrong one
 */
export function exactNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${value} is no integer that a double holds`);
  return number;
}
