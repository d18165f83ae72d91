import { patternText } from './refusal.ts';

/** A time to the second, in UTC, as archives of snapshots name theirs. */
export const snapshotField = patternText({
  pattern: /^[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]Z$/,
  maxLength: 16,
  what: 'a time of a snapshot',
  remedy: 'Write date and time in UTC, such as 20261101T000000Z.',
}).describe('Build from the archive as it was at this time, in UTC: `20261101T000000Z`. Absent: as it is.');
