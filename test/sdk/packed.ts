import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { stageSdk } from '../../scripts/release/stage.ts';
import { fencedBlocks, project } from '../docs/markdown.ts';

const run = promisify(execFile);

const packSchema = z
  .array(
    z.looseObject({
      ...{ filename: z.string(), size: z.number(), unpackedSize: z.number() },
      files: z.array(z.looseObject({ path: z.string() })),
    }),
  )
  .min(1);

/** What `npm pack` made. */
export interface PackedSdk {
  readonly tarball: string;
  /** Bytes of the tarball. */
  readonly size: number;
  /** Bytes of its files. */
  readonly unpackedSize: number;
  readonly files: readonly string[];
}

/** npm, with nothing of the network, of the user's settings and of the run that the test is part of. */
async function npm(folder: string, home: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: home, npm_config_cache: path.join(home, 'npm-cache') };
  const { stdout } = await run('npm', [...args, '--offline', '--no-audit', '--no-fund'], { cwd: folder, env });
  return stdout;
}

/** Builds and packs the SDK into a folder, as a release does, but beside the sources: two tests may do so at once. */
export async function packSdk(folder: string): Promise<PackedSdk> {
  const place = path.join(folder, 'package');
  await stageSdk(place);
  const answer = await npm(place, folder, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
  const [packed] = packSchema.parse(JSON.parse(answer.slice(answer.indexOf('['))));
  if (packed === undefined) throw new Error('npm packed nothing');
  const { filename, size, unpackedSize, files } = packed;
  return { tarball: path.join(folder, filename), size, unpackedSize, files: files.map((file) => file.path) };
}

/** An empty TypeScript project that has the package installed, and nothing else. */
export async function projectWith(tarball: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  await npm(folder, path.dirname(tarball), 'install', tarball);
}

/** The TypeScript of the package's README, block by block. */
export async function readmeExamples(): Promise<readonly string[]> {
  const text = await readFile(path.join(project, 'sdk/README.md'), 'utf8');
  return fencedBlocks(text).flatMap((block) => (block.language === 'ts' ? [block.text] : []));
}
