import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { countTests } from '../../scripts/test/count.ts';

const project = join(import.meta.dirname, '../..');
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Runs vitest itself over two projects of files, as `npm test` does, and counts what its report says. */
function runVitest(files: Readonly<Record<string, string>>): ReturnType<typeof countTests> {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-count-'));
  folders.push(folder);
  for (const name of ['fast', 'system']) mkdirSync(join(folder, name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const projects = ['fast', 'system'].map((name, groupOrder) => ({
    test: { name, globals: true, include: [`${name}/*.test.js`], maxWorkers: 1, sequence: { groupOrder } },
  }));
  writeFileSync(join(folder, 'vitest.config.mjs'), `export default ${JSON.stringify({ test: { projects } })};\n`);
  const report = join(folder, 'report.json');
  const options = ['--root', folder, '--reporter=json', `--outputFile.json=${report}`];
  const vitest = join(project, 'node_modules/vitest/vitest.mjs');
  const { status } = spawnSync(process.execPath, [vitest, 'run', ...options], { cwd: folder, stdio: 'ignore' });
  return countTests(existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined, status === 0);
}

const passing = "test('a', () => { expect(1).toBe(1); });\ntest('b', () => { expect(2).toBe(2); });\n";

describe('countTests of real runs', () => {
  it('counts the tests of both projects', () => {
    expect(runVitest({ 'fast/a.test.js': passing, 'system/b.test.js': passing })).toEqual({ passed: 4, failed: 0 });
  });

  it('counts failed tests, and once each file that fails before, in or around its tests', () => {
    const files = {
      'fast/good.test.js': passing,
      'fast/bad.test.js': "test('bad', () => { expect(1).toBe(2); });\ntest('good', () => { expect(1).toBe(1); });\n",
      'fast/no-import.test.js': `import './missing.js';\n${passing}`,
      'fast/syntax.test.js': 'test(',
      'system/set-up.test.js': `beforeAll(() => { throw new Error('no set-up'); });\n${passing}`,
      'system/exit.test.js': "test('a', () => { process.kill(process.pid, 'SIGKILL'); });\n",
    };
    expect(runVitest(files)).toEqual({ passed: 3, failed: 5 });
  });

  it('counts an unhandled error as a failure though every test passed', () => {
    const thrown =
      "test('a', async () => { setTimeout(() => { throw new Error('late'); }, 5); await new Promise((r) => setTimeout(r, 50)); });\n";
    expect(runVitest({ 'fast/a.test.js': thrown })).toEqual({ passed: 1, failed: 1 });
  });

  it('counts a run without any test as a failure', () => {
    expect(runVitest({})).toEqual({ passed: 0, failed: 1 });
  });
});

describe('countTests of reports', () => {
  const file = (status: string, ...tests: string[]) => ({
    status,
    assertionResults: tests.map((state) => ({ status: state })),
  });
  const report = (passed: number, failed: number, ...testResults: ReturnType<typeof file>[]) => ({
    success: failed === 0 && testResults.every((result) => result.status === 'passed'),
    numPassedTests: passed,
    numFailedTests: failed,
    testResults,
  });

  it.each([
    ['all passed', report(2, 0, file('passed', 'passed', 'passed')), true, { passed: 2, failed: 0 }],
    ['one failed', report(1, 1, file('failed', 'passed', 'failed')), false, { passed: 1, failed: 1 }],
    [
      'a broken file beside a failed test',
      report(0, 1, file('failed', 'failed'), file('failed')),
      false,
      { passed: 0, failed: 2 },
    ],
    [
      'tests left out by a broken set-up',
      report(0, 0, file('failed', 'skipped', 'skipped')),
      false,
      { passed: 0, failed: 1 },
    ],
    ['a bad exit alone', report(2, 0, file('passed', 'passed', 'passed')), false, { passed: 2, failed: 1 }],
    ['no test', report(0, 0), true, { passed: 0, failed: 1 }],
    ['only skipped tests', report(0, 0, file('passed', 'skipped')), true, { passed: 0, failed: 1 }],
    ['no report', undefined, true, { passed: 0, failed: 1 }],
    ['no report of this form', { numPassedTests: 3 }, true, { passed: 0, failed: 1 }],
  ])('%s', (_name, value, exitedWell, expected) => {
    expect(countTests(value, exitedWell)).toEqual(expected);
  });
});
