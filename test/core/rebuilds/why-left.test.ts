import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../../core/rebuilds/attempt.ts';
import type { RebuildSettings } from '../../../core/rebuilds/settings.ts';
import { type KnownOfLineage, mostTries, whyLeft } from '../../../core/rebuilds/why-left.ts';
import type { Standing } from '../../../core/vulnerabilities/standing.ts';

const [dataOne, dataTwo] = ['1'.repeat(64), '2'.repeat(64)];
const standing: Standing = {
  ...{ buildId: 'bld_2', tenantId: 'ten_1', name: 'edge', lineage: 'l', scanId: 'scn_2' },
  ...{ at: '2026-11-28T08:00:00.000Z', dataDigest: dataTwo },
  rebuild: {
    ...{ severity: 'high', fixable: 1, packageCount: 2 },
    packages: [
      {
        ...{ source: 'openssl', installed: '3.5.0-1', fixedIn: '3.5.0-2', severity: 'high' },
        ...{ advisories: ['CVE-2026-0001'], advisoryCount: 1 },
      },
      {
        ...{ source: 'bash', installed: '5.2-1', fixedIn: '5.2-2', severity: 'medium' },
        ...{ advisories: ['CVE-2026-0002'], advisoryCount: 1 },
      },
    ],
  },
};
const settings: RebuildSettings = { automatic: true, severity: 'high', mostPerDay: 10 };
const now = new Date('2026-11-28T09:00:00.000Z');
const known: KnownOfLineage = {
  ...{ isNewest: true, isRefused: false, isLive: false, attempt: undefined, lastState: undefined, now },
};
/** One of the day before, by other data, for the same fix of openssl. */
const attempt: Attempt = {
  ...{ lineage: 'l', of: 'bld_1', at: '2026-11-27T23:59:59.000Z', dataDigest: dataOne, scanId: 'scn_1' },
  ...{ severity: 'high', tries: 1, wanted: [{ source: 'openssl', fixedIn: '3.5.0-2' }], build: 'bld_9' },
};
const { build: _, ...unsubmitted } = attempt;
const refused: Attempt = { ...unsubmitted, refusal: { code: 'quota.exceeded', reason: 'The day is over.' } };
const older = { wanted: [{ source: 'openssl', fixedIn: '3.4.9-1' }] };
const { rebuild: __, ...unmended } = standing;

const ended = { ...known, attempt, lastState: 'succeeded' } as const;
const cases: [string, string | undefined, Partial<KnownOfLineage>, Partial<Standing>?, Partial<RebuildSettings>?][] = [
  ['is due', undefined, known],
  ['has nothing that is severe enough', 'below_severity', known, {}, { severity: 'critical' }],
  ['is due from a lower severity on', undefined, known, {}, { severity: 'low' }],
  ['comes from a lock or a snapshot', 'pinned', known, { pinned: true }],
  ['has a newer one of its lineage', 'superseded', { isNewest: false }],
  ['was not approved itself', 'declined', { isRefused: true }],
  ['has a build of its lineage under way', 'under_way', { isLive: true }],
  ['has its rebuild planned', 'under_way', { attempt, lastState: 'planning' }],
  ['has its rebuild waiting for approval', 'under_way', { attempt, lastState: 'awaiting_approval' }],
  ['was tried for on the day before, by other data', undefined, ended],
  ['was tried for on the same day', 'later', { ...ended, attempt: { ...attempt, at: '2026-11-28T00:00:00.000Z' } }],
  ['had one by this data, and is not mended', 'later', { ...ended, attempt: { ...attempt, dataDigest: dataTwo } }],
  [
    'had one by this data, and wants more since it was set so',
    'later',
    { ...ended, attempt: { ...attempt, dataDigest: dataTwo } },
    {},
    { severity: 'medium' },
  ],
  ['was refused by this data on the day before', undefined, { attempt: { ...refused, dataDigest: dataTwo } }],
  ['was refused on the same day', 'later', { attempt: { ...refused, at: now.toISOString() } }],
  ['was tried for often enough', 'tried', { ...ended, attempt: { ...attempt, tries: mostTries } }],
  ['was refused often enough', 'tried', { attempt: { ...refused, tries: mostTries } }],
  ['has a newer fix than was tried for', undefined, { ...ended, attempt: { ...attempt, ...older, tries: mostTries } }],
  ['had its rebuild cancelled', 'declined', { attempt, lastState: 'cancelled' }],
  ['had its rebuild not approved', 'declined', { attempt, lastState: 'rejected' }],
  ['had it cancelled, and has a newer fix', undefined, { attempt: { ...attempt, ...older }, lastState: 'cancelled' }],
  ['had its rebuild fail', undefined, { attempt, lastState: 'failed' }],
];

describe('an image that later packages would mend', () => {
  it('is one that has something with a fix', () => {
    expect(whyLeft(unmended, settings, known)).toBe('below_severity');
  });

  it.each(cases)('%s: %s', (_name, left, has, stands = {}, says = {}) => {
    expect(whyLeft({ ...standing, ...stands }, { ...settings, ...says }, { ...known, ...has })).toBe(left);
  });
});
