import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { ReleaseProblem, run } from './problem.ts';

const execute = promisify(execFile);

/** The first npm that publishes with the identity of a job in place of a token. */
const firstNpm = [11, 5, 1] as const;

interface Packed {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  /** As registries tell it: `sha512-<base64>`. */
  readonly integrity: string;
}

/**
 * Publishes the packages of a folder: `publish.ts FOLDER --tag latest`, with provenance, as the job that it runs in. A version that
 * the registry has already with the same bytes is passed over, so that a run which was cut short can be run again.
 * `--no-provenance` is for a registry of one's own, which knows no provenance.
 */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    allowNegative: true,
    options: { tag: { type: 'string' }, provenance: { type: 'boolean', default: true } },
  });
  const [folder] = positionals;
  if (folder === undefined || values.tag === undefined) {
    throw new ReleaseProblem('release.usage', 'A folder and --tag are needed.', 'Call publish.ts FOLDER --tag latest.');
  }
  if (values.provenance) await requireIdentity();
  const files = (await readdir(folder)).filter((file) => file.endsWith('.tgz')).sort();
  if (files.length === 0) {
    throw new ReleaseProblem('release.nothing_packed', `${folder} has no package.`, 'Make them with pack.ts.');
  }
  const packed = await Promise.all(files.map((file) => readPacked(path.resolve(folder, file))));
  // All are looked at before the first one is published: a release is whole or is not begun.
  const there = await Promise.all(packed.map(isPublished));
  for (const [at, { file, name, version }] of packed.entries()) {
    if (there[at] === true) {
      process.stdout.write(`${name}@${version} is published already\n`);
      continue;
    }
    const provenance = values.provenance ? '--provenance' : '--no-provenance';
    const args = ['publish', file, '--ignore-scripts', '--access', 'public', '--tag', values.tag, provenance];
    await npm(args);
    process.stdout.write(`${name}@${version} is published as ${values.tag}\n`);
  }
}

/** @throws ReleaseProblem where this is no job that npm could take at its word */
async function requireIdentity(): Promise<void> {
  if ((process.env.ACTIONS_ID_TOKEN_REQUEST_URL ?? '') === '') {
    throw new ReleaseProblem(
      'release.no_identity',
      'This job cannot show who it is.',
      'Run it in GitHub Actions with the permission `id-token: write`.',
    );
  }
  const version = (await npm(['--version'])).trim();
  const numbers = version.split('.').map(Number);
  const at = firstNpm.findIndex((number, place) => numbers[place] !== number);
  if (at !== -1 && !((numbers[at] ?? 0) > (firstNpm[at] ?? 0))) {
    throw new ReleaseProblem(
      'release.npm_too_old',
      `npm ${version} cannot publish with a job's identity.`,
      `Take ${firstNpm.join('.')} or later: Node 24 brings it.`,
    );
  }
}

/** The manifest inside a package is what the registry will go by. */
async function readPacked(file: string): Promise<Packed> {
  const { stdout } = await execute('tar', ['-xzOf', file, 'package/package.json']);
  const manifest: unknown = JSON.parse(stdout);
  const integrity = `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`;
  if (typeof manifest === 'object' && manifest !== null && 'name' in manifest && 'version' in manifest) {
    const { name, version } = manifest;
    if (typeof name === 'string' && typeof version === 'string') return { file, name, version, integrity };
  }
  throw new ReleaseProblem('release.package_invalid', `${file} has no name or version.`, 'Make it with pack.ts.');
}

/** @throws ReleaseProblem `release.published_differently` where the registry has other bytes under this version */
async function isPublished({ name, version, integrity }: Packed): Promise<boolean> {
  const answer = await npm(['view', `${name}@${version}`, 'dist.integrity', '--json']).catch((error: unknown) => {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    if (/\bE404\b/.test(words)) return '';
    throw error;
  });
  if (answer.trim() === '') return false;
  if (JSON.parse(answer) === integrity) return true;
  throw new ReleaseProblem(
    'release.published_differently',
    `The registry has a ${name}@${version} of other bytes.`,
    'Release another version: a published one never changes.',
  );
}

async function npm(args: readonly string[]): Promise<string> {
  const { stdout } = await execute('npm', [...args]);
  return stdout;
}

await run(main);
