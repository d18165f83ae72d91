import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { microDollarsOf, money } from '../../../cli/money.ts';
import { awsCostOf } from '../../../core/billing/aws-cost.ts';
import { csvText } from '../../../core/billing/csv.ts';
import { amountOf, exactNumber, roundedQuotient } from '../../../core/billing/money.ts';
import { priceOfBuilders } from '../../../core/billing/plan-price.ts';
import { listPrices } from '../../../core/billing/rate-card.ts';
import { nearest } from './billing-world.ts';

describe('amounts', () => {
  it('are rounded to the nearest, half to even', () => {
    expect([1n, 2n, 3n, 5n, 6n, 7n].map((value) => roundedQuotient(value, 2n))).toEqual([0n, 1n, 2n, 2n, 3n, 4n]);
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 30n }),
        fc.bigInt({ min: 1n, max: 10n ** 12n }),
        (numerator, denominator) => {
          expect(roundedQuotient(numerator, denominator)).toBe(nearest({ numerator, denominator }));
        },
      ),
    );
  });

  it('are exact where doubles are not', () => {
    expect(amountOf(9_007_199_254_740_993n, 3, 1)).toBe(27_021_597_764_222_979n);
    expect(() => exactNumber(9_007_199_254_740_993n)).toThrow(RangeError);
  });

  it('are shown as dollars and read back', () => {
    expect([0, 1, 10_000, 1_500_000, 12_345_678, -250_000].map(money)).toEqual([
      ...['0.00 USD', '0.000001 USD', '0.01 USD', '1.50 USD', '12.345678 USD', '-0.25 USD'],
    ]);
    fc.assert(
      fc.property(fc.nat(), (amount) => {
        expect(microDollarsOf(money(amount).replace(' USD', ''))).toBe(amount);
      }),
    );
    for (const text of ['', '-1', '1e3', '1.2345678', '1,5', ' 1']) expect(() => microDollarsOf(text)).toThrow();
  });
});

describe('a price of builders', () => {
  it('is that of what they would use', () => {
    const size = { vcpu: 2, memoryMiB: 8_192, diskGiB: 50 };
    const price = priceOfBuilders(listPrices, [
      { size, seconds: 3_600 },
      { size, seconds: 3_600 },
    ]);
    // Two hours of 2 vCPU, 8 GiB, and 30 GiB of disk beyond what is included.
    const lines = Object.fromEntries(price.lines.map(({ kind, microDollars }) => [kind, microDollars]));
    expect(lines).toEqual({
      ...{ 'builder.vcpu': 4 * 40_478, 'builder.memory': 16 * 4_445, 'builder.disk': 60 * 111 },
      ...{ 'builder.time': 0, 'builder.attempts': 350 },
    });
    expect(price.microDollars).toBe(4 * 40_478 + 16 * 4_445 + 60 * 111 + 350);
  });

  it('of nothing that runs is nothing', () => {
    expect(priceOfBuilders(listPrices, [])).toMatchObject({ lines: [], microDollars: 0 });
  });
});

it('the cost on AWS is by its published prices', () => {
  const cost = awsCostOf(
    new Map([
      ['builder.vcpu', 3_600_000n],
      ['storage.artifacts', 30n * 1_048_576n],
      ['egress.authorised', 1_048_576n],
    ]),
  );
  expect(cost.lines.map(({ kind, microDollars }) => [kind, microDollars])).toEqual([
    ['builder.vcpu', 40_478],
    ['storage.artifacts', 23_000],
    ['egress.authorised', 90_000],
  ]);
  expect(cost.microDollars).toBe(153_478);
});

describe('CSV', () => {
  it('is that of RFC 4180, and no spreadsheet runs any of it', () => {
    const rows = [
      ['plain', 1, -2.5, undefined],
      ['a "quote", a comma', '=1+1', '+1', '-1'],
      ['@SUM(A1)', '\tx', 'line\r\nbreak', null],
    ];
    expect(csvText({ columns: ['a', 'b', 'c', 'd'], rows })).toBe(
      ['a,b,c,d', 'plain,1,-2.5,', `"a ""quote"", a comma",'=1+1,'+1,'-1`, `'@SUM(A1),'\tx,"line\r\nbreak",`, ''].join(
        '\r\n',
      ),
    );
  });
});
