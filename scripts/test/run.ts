import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { ensureBuilderRoot } from '../builder-root.ts';
import { countTests, type TestCount } from './count.ts';

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

const rooms = [
  ...[
    'bin',
    'lib',
    'core',
    'adapters',
    'functions',
    'containers',
    'local',
    'cli',
    'sdk',
    'integrations',
    'scripts',
    'test',
  ],
];
const checks: readonly { name: string; argv: readonly [string, ...string[]] }[] = [
  { name: 'types', argv: ['tsc', '--noEmit'] },
  { name: 'lint', argv: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'import rules', argv: ['depcruise', '--config', '.dependency-cruiser.cjs', ...rooms] },
  { name: 'spec reference', argv: ['node', 'scripts/generate-spec.ts', '--check'] },
  { name: 'API document and SDK', argv: ['node', 'scripts/generate-sdk.ts', '--check'] },
  { name: 'integrations', argv: ['node', 'scripts/generate-integrations.ts', '--check'] },
];

/** Runs a command with its output shown; true where it succeeded. */
function succeeds(argv: readonly [string, ...string[]]): boolean {
  const [command, ...args] = argv;
  const result = spawnSync(command, args, { stdio: 'inherit', cwd: project, env: environment });
  if (result.error !== undefined) process.stderr.write(`${command} cannot be run: ${result.error.message}\n`);
  return result.status === 0;
}

/** Runs a check and shows what it said when it has ended; answers whether it succeeded. */
async function check({ name, argv: [command, ...args] }: (typeof checks)[number]): Promise<boolean> {
  const start = Date.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: project, env: environment });
  const pieces: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => pieces.push(piece));
  const good = await new Promise<boolean>((resolve) => {
    child.once('error', (error) => {
      pieces.push(Buffer.from(`${command} cannot be run: ${error.message}\n`));
      resolve(false);
    });
    child.once('close', (code) => resolve(code === 0));
  });
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  process.stdout.write(`${Buffer.concat(pieces)}check ${name}: ${good ? 'passed' : 'FAILED'} (${seconds} s)\n`);
  return good;
}

/** Types take longer than all other checks together, and one processor: the others run one after another beside them. */
async function runChecks(): Promise<readonly boolean[]> {
  const [types, ...others] = checks;
  const first = types === undefined ? Promise.resolve([]) : check(types).then((good) => [good]);
  const rest: boolean[] = [];
  for (const other of others) rest.push(await check(other));
  return [...(await first), ...rest];
}

/** Runs the tests and counts them by the report that vitest leaves. */
function runTests(): TestCount {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-report-'));
  const file = join(folder, 'report.json');
  const config = images ? ['--config', 'vitest.images.config.ts'] : [];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  try {
    const exitedWell = succeeds(['node', join(bin, 'vitest'), 'run', ...config, ...reporters, ...filters]);
    return countTests(existsSync(file) ? readJson(readFileSync(file, 'utf8')) : undefined, exitedWell);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A report that was cut off while it was written is none. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const began = Date.now();
let passed = 0;
let failed = 0;
await ensureBuilderRoot({ project, log: (line) => process.stdout.write(`${line}\n`) });
if (!images) {
  for (const good of await runChecks()) {
    if (good) passed += 1;
    else failed += 1;
  }
}
const tests = runTests();
passed += tests.passed;
failed += tests.failed;
process.stdout.write(`\nin ${Math.round((Date.now() - began) / 1000)} s\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
