import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { z } from 'zod';
import { ensureBuilderRoot } from '../builder-root.ts';

/**
 * The second part of the test commands: checks, then tests. Ends with the line `N passed, N failed`, which counts the
 * runner's tests and each check as one, and exits 0 only where nothing failed.
 *
 * Arguments: `--images` runs test/images instead of the checks and the other tests; what follows `--` goes to vitest.
 */
const project = dirname(dirname(import.meta.dirname));
const images = process.argv.includes('--images');
const filters = process.argv.includes('--') ? process.argv.slice(process.argv.indexOf('--') + 1) : [];
const bin = join(project, 'node_modules', '.bin');
const environment = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) };

const rooms = ['bin', 'lib', 'core', 'adapters', 'functions', 'containers', 'local', 'cli', 'sdk', 'scripts', 'test'];
const checks: readonly { name: string; argv: readonly [string, ...string[]] }[] = [
  { name: 'types', argv: ['tsc', '--noEmit'] },
  { name: 'lint', argv: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'import rules', argv: ['depcruise', '--config', '.dependency-cruiser.cjs', ...rooms] },
  { name: 'spec reference', argv: ['node', 'scripts/generate-spec.ts', '--check'] },
  { name: 'API document and SDK', argv: ['node', 'scripts/generate-sdk.ts', '--check'] },
];

/** Runs a command with its output shown; true where it succeeded. */
function succeeds(argv: readonly [string, ...string[]]): boolean {
  const [command, ...args] = argv;
  const result = spawnSync(command, args, { stdio: 'inherit', cwd: project, env: environment });
  if (result.error !== undefined) process.stderr.write(`${command} cannot be run: ${result.error.message}\n`);
  return result.status === 0;
}

/** What this reads of vitest's JSON report. */
const reportSchema = z.looseObject({
  success: z.boolean(),
  numPassedTests: z.number().int(),
  numFailedTests: z.number().int(),
  numTotalTests: z.number().int(),
  testResults: z.array(z.looseObject({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

function runTests(): { passed: number; failed: number } {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-report-'));
  const file = join(folder, 'report.json');
  const config = images ? ['--config', 'vitest.images.config.ts'] : [];
  try {
    const argv = [
      'vitest',
      'run',
      ...config,
      '--reporter=default',
      '--reporter=json',
      `--outputFile=${file}`,
      ...filters,
    ];
    const ran = succeeds(['node', join(bin, 'vitest'), ...argv.slice(1)]);
    const report = reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    // A file that fails before its first test (a failed import or set-up) counts as one failure.
    const broken = report.testResults.filter(
      (result) => result.status === 'failed' && result.assertionResults.length === 0,
    );
    const failed = report.numFailedTests + broken.length;
    // An unhandled error fails the run though every test passed.
    return { passed: report.numPassedTests, failed: failed === 0 && !(ran && report.success) ? 1 : failed };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const began = Date.now();
let passed = 0;
let failed = 0;
await ensureBuilderRoot({ project, log: (line) => process.stdout.write(`${line}\n`) });
if (!images) {
  for (const check of checks) {
    const start = Date.now();
    const good = succeeds(check.argv);
    if (good) passed += 1;
    else failed += 1;
    process.stdout.write(
      `check ${check.name}: ${good ? 'passed' : 'FAILED'} (${((Date.now() - start) / 1000).toFixed(1)} s)\n`,
    );
  }
}
const tests = runTests();
passed += tests.passed;
failed += tests.failed;
process.stdout.write(`\nin ${Math.round((Date.now() - began) / 1000)} s\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
