import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { buildCli } from '../build-cli.ts';

const execute = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));

/** Where a package's sources are: npm compares it with what the provenance says. */
export interface Repository {
  readonly type: 'git';
  readonly url: string;
  readonly directory: string;
}

/** The repository as GitHub names it to its jobs; none elsewhere, since a clone does not know where it is at home. */
export function repositoryOf(environment: NodeJS.ProcessEnv, directory: string): Repository | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = environment;
  if (server === undefined || name === undefined) return undefined;
  return { type: 'git', url: `git+${server}/${name}.git`, directory };
}

/** Members of a manifest that are of use in the repository alone. */
const ofTheRepository = new Set(['private', 'scripts', 'imports', 'devDependencies']);

const manifestSchema = z.record(z.string(), z.unknown());

async function writeManifest(from: string, to: string, repository: Repository | undefined): Promise<void> {
  const manifest = manifestSchema.parse(JSON.parse(await readFile(path.join(from, 'package.json'), 'utf8')));
  const kept = Object.entries(manifest).filter(([name]) => !ofTheRepository.has(name));
  const text = JSON.stringify({ ...Object.fromEntries(kept), ...(repository && { repository }) }, null, 2);
  await writeFile(path.join(to, 'package.json'), `${text}\n`);
}

/** Makes the package of the SDK in a folder, as npm publishes it; the sources' own folder stays as it is. */
export async function stageSdk(folder: string, repository?: Repository): Promise<void> {
  await mkdir(folder, { recursive: true });
  await copyFile(path.join(project, 'sdk/README.md'), path.join(folder, 'README.md'));
  await writeManifest(path.join(project, 'sdk'), folder, repository);
  // A process of its own: the compiler blocks the one that it runs in.
  const build = path.join(project, 'scripts/build-sdk.ts');
  await execute(process.execPath, ['--no-warnings', build, path.join(folder, 'dist')]);
}

/** Makes the package of the CLI in a folder, as npm publishes it. */
export async function stageCli(folder: string, repository?: Repository): Promise<void> {
  await buildCli(folder);
  await writeManifest(folder, folder, repository);
}
