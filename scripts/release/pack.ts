import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { notesOf, readChangelog, sectionOf } from './changelog.ts';
import { ReleaseProblem, run } from './problem.ts';
import { repositoryOf, stageCli, stageSdk } from './stage.ts';
import { oneVersion } from './versions.ts';

const execute = promisify(execFile);

/**
 * What a release consists of, in a new folder: `pack.ts FOLDER` builds and packs both packages there, with their SHA256SUMS, and
 * writes the changelog's section as NOTES.md.
 */
async function main(): Promise<void> {
  const [target] = process.argv.slice(2);
  if (target === undefined) throw new ReleaseProblem('release.usage', 'No folder is given.', 'Say where to pack.');
  const root = process.cwd();
  const folder = path.resolve(root, target);
  const changelog = await readChangelog(root);
  const notes = notesOf(changelog, sectionOf(changelog, await oneVersion(root)));
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) {
    throw new ReleaseProblem(
      'release.folder_not_empty',
      `${target} is not empty.`,
      'Name another folder, or empty it.',
    );
  }
  const stage = await mkdtemp(path.join(tmpdir(), 'lbuild-release-'));
  try {
    await stageSdk(path.join(stage, 'sdk'), repositoryOf(process.env, 'sdk'));
    await stageCli(path.join(stage, 'cli'), repositoryOf(process.env, 'cli'));
    for (const name of ['sdk', 'cli']) {
      await execute('npm', ['pack', path.join(stage, name), '--ignore-scripts', '--pack-destination', folder]);
    }
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
  const sums = [];
  for (const name of (await readdir(folder)).sort()) {
    const bytes = await readFile(path.join(folder, name));
    sums.push(`${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`);
  }
  await writeFile(path.join(folder, 'SHA256SUMS'), sums.join(''));
  await writeFile(path.join(folder, 'NOTES.md'), notes);
  process.stdout.write(sums.join(''));
}

await run(main);
