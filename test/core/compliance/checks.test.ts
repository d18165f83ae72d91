import { afterAll, describe, expect, it } from 'vitest';
import { type AnyCheck, checkIds, checks, checksOf } from '../../../core/compliance/checks.ts';
import { profileIds } from '../../../core/compliance/profile.ts';
import { inspectedFolders, inspectedTexts } from '../../../core/plan/programs/inspection.ts';
import { accountCases } from './cases/accounts.ts';
import { fileCases } from './cases/files.ts';
import { firewallCases } from './cases/firewall.ts';
import { kernelCases } from './cases/kernel.ts';
import { logCases } from './cases/logs.ts';
import { softwareCases } from './cases/software.ts';
import { sshCases } from './cases/ssh.ts';
import { goodSpec, goodTree } from './good-tree.ts';
import { judgeTree } from './judged-tree.ts';

const cases = [
  ...accountCases,
  ...sshCases,
  ...kernelCases,
  ...fileCases,
  ...firewallCases,
  ...logCases,
  ...softwareCases,
];

/** Checks that no image can pass by itself. */
const neverByItself: Readonly<Record<string, string>> = {
  'disk-encryption': 'manual',
  vulnerabilities: 'manual',
  'change-recorded': 'manual',
};

describe('the good tree', () => {
  it.each(checkIds)('%s', async (id) => {
    const verdict = await judgeTree(id, goodTree, { spec: goodSpec });
    expect(verdict).toMatchObject({ state: neverByItself[id] ?? 'pass' });
    expect(verdict.evidence.length).toBeGreaterThan(0);
  });
});

describe('each check', () => {
  it.each(cases)(
    '$check: $name is $state',
    async ({ check, tree = {}, spec = {}, state, evidence, build = {}, values = {} }) => {
      const verdict = await judgeTree(
        check,
        { ...goodTree, ...tree },
        { spec: { ...goodSpec, ...spec }, build, values },
      );
      expect(verdict).toMatchObject({ state });
      if (evidence !== undefined) expect(verdict.evidence.join('\n')).toMatch(evidence);
    },
  );

  it('has a case in which it does not pass, and is otherwise passed by the good tree or a case', () => {
    for (const id of checkIds) {
      const own = cases.filter(({ check }) => check === id);
      expect(
        own.some(({ state }) => state === 'fail' || state === 'manual'),
        id,
      ).toBe(true);
    }
    expect(cases.filter(({ check }) => !checkIds.includes(check))).toEqual([]);
  });
});

describe('each profile', () => {
  it.each(profileIds)('%s has twelve checks or more', (profile) => {
    expect(checksOf([profile]).length).toBeGreaterThanOrEqual(12);
  });

  it('tells of each check how it is judged and what mends it', () => {
    const ids = checks.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const each of checks as readonly AnyCheck[]) {
      for (const text of [each.title, each.how, each.remedy]) expect(text.length, each.id).toBeGreaterThan(10);
      expect(Object.keys(each.clauses).length, each.id).toBeGreaterThan(0);
    }
  });
});

describe('an inspection', () => {
  it('reads texts of folders alone that it lists', () => {
    const listed = (path: string) => inspectedFolders.some((folder) => path.startsWith(`${folder}/`));
    const paths = inspectedTexts.map((one) => (typeof one === 'string' ? one : `${one.folder}/x`));
    expect(paths.filter((path) => !listed(path))).toEqual([]);
  });
});

afterAll(() => {
  const states = Object.groupBy(cases, ({ state }) => state);
  const counts = Object.entries(states).map(([state, list]) => `${list?.length} ${state}`);
  console.log(`${checkIds.length} checks; ${cases.length} cases beside the good tree: ${counts.join(', ')}`);
});
