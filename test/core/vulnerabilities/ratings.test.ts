import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cvssBaseScore, cvssRating } from '../../../core/vulnerabilities/cvss.ts';
import {
  betterRating,
  debianRating,
  type Rating,
  severities,
  severitySources,
  ubuntuRating,
  unrated,
} from '../../../core/vulnerabilities/severity.ts';

/** Base scores as FIRST's examples for v3.1 and the NVD have them. */
const scores: readonly (readonly [vector: string, score: number])[] = [
  ['AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 9.8],
  ['AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', 10],
  ['AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H', 9.9],
  ['AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H', 9.6],
  ['AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H', 9],
  ['AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H', 8.8],
  ['AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 8.8],
  ['AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H', 8.8],
  ['AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H', 8.1],
  ['AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H', 7.8],
  ['AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H', 7.8],
  ['AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N', 7.5],
  ['AV:N/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:H', 7.5],
  ['AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N', 7.4],
  ['AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H', 7],
  ['AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 6.8],
  ['AV:N/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:N', 6.8],
  ['AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N', 6.4],
  ['AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', 6.1],
  ['AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:N', 5.9],
  ['AV:L/AC:L/PR:N/UI:R/S:U/C:N/I:N/A:H', 5.5],
  ['AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N', 5.3],
  ['AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N', 4.6],
  ['AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:L/A:N', 3.7],
  ['AV:N/AC:H/PR:N/UI:R/S:C/C:L/I:N/A:N', 3.4],
  ['AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N', 3.1],
  ['AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N', 1.6],
  ['AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N', 0],
  ['AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:N/A:N', 0],
];

const noVectors = [
  ...['', 'CVSS:3.1', 'CVSS:3.1/', 'AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 'CVSS:2.0/AV:N/AC:L/Au:N/C:P/I:P/A:P'],
  ...['CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H'],
  ...['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:X/C:H/I:H/A:H', 'CVSS:3.1/AV:Q/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'],
  ...['CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/'],
  ...['CVSS:3.1/av:n/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', `CVSS:3.1/${'E:H/'.repeat(100)}`],
];

describe('a CVSS vector', () => {
  it.each(scores)('%s has the base score %d', (vector, score) => {
    expect(cvssBaseScore(`CVSS:3.1/${vector}`)).toBe(score);
    expect(cvssBaseScore(`CVSS:3.0/${vector}`)).toBe(score);
    // Neither the order of metrics nor what is of the time or the environment changes it.
    const shuffled = vector.split('/').reverse().join('/');
    expect(cvssBaseScore(`CVSS:3.1/E:U/RL:O/${shuffled}/MAV:P/CR:L`)).toBe(score);
  });

  it.each(noVectors)('is not %j', (vector) => {
    expect(cvssBaseScore(vector)).toBeUndefined();
    expect(cvssRating(vector)).toEqual(unrated);
  });

  it('is a severity by the bands of the specification', () => {
    const severityOf = (score: number) =>
      cvssRating(`CVSS:3.1/${scores.find(([, one]) => one === score)?.[0]}`).severity;
    expect([10, 9, 8.8, 7, 6.8, 4.6, 3.7, 1.6, 0].map(severityOf)).toEqual([
      ...['critical', 'critical', 'high', 'high', 'medium', 'medium', 'low', 'low', 'negligible'],
    ]);
  });
});

describe('a word of a distribution', () => {
  it.each([
    ['high', 'high', 'distribution'],
    ['high**', 'high', 'nvd'],
    ['medium*', 'medium', 'nvd'],
    ['low**', 'low', 'nvd'],
    ['unimportant', 'negligible', 'distribution'],
    ['not yet assigned', 'unknown', 'none'],
    ['end-of-life', 'unknown', 'none'],
    ['constructor', 'unknown', 'none'],
    ['', 'unknown', 'none'],
  ] as const)('%j of Debian is %s', (word, severity, severitySource) => {
    expect(debianRating(word)).toEqual({ severity, severitySource });
  });

  it.each([
    ['critical', 'critical'],
    ['negligible', 'negligible'],
    ['untriaged', 'unknown'],
    ['High', 'unknown'],
  ] as const)('%j of Ubuntu is %s', (word, severity) => {
    expect(ubuntuRating(word).severity).toBe(severity);
  });
});

describe('the better of two ratings', () => {
  const rating = fc
    .tuple(fc.constantFrom(...severities), fc.constantFrom(...severitySources))
    .map(
      ([severity, severitySource]): Rating =>
        severity === 'unknown' || severitySource === 'none' ? unrated : { severity, severitySource },
    );

  it('is that of the better-known origin, then the worse, in whatever order they come', () => {
    const [own, cvss] = [debianRating('low'), cvssRating(`CVSS:3.1/${scores[0]?.[0]}`)];
    expect(betterRating(own, cvss)).toEqual(own);
    expect(betterRating(debianRating('low**'), cvss)).toEqual(cvss);
    expect(betterRating(debianRating('low'), debianRating('medium')).severity).toBe('medium');
    fc.assert(
      fc.property(rating, rating, rating, (a, b, c) => {
        expect(betterRating(a, b)).toEqual(betterRating(b, a));
        expect(betterRating(a, betterRating(b, c))).toEqual(betterRating(betterRating(a, b), c));
        expect(betterRating(a, unrated)).toEqual(a);
      }),
    );
  });
});
