import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { project } from '../docs/markdown.ts';

const execute = promisify(execFile);

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A repository of its own with what a release touches of this one, and an origin beside it. */
export interface ReleaseRepository {
  readonly folder: string;
  /** Environment of what runs in it: git with nobody's settings. */
  readonly environment: NodeJS.ProcessEnv;
  git(...args: readonly string[]): Promise<string>;
  /** Calls a script of `scripts/release/`. */
  script(name: string, ...args: readonly string[]): Promise<Ended>;
  read(file: string): Promise<string>;
  write(file: string, text: string): Promise<void>;
  /** Commits everything, on main, and has origin know it. */
  commit(message: string): Promise<void>;
  remove(): Promise<void>;
}

const copied = ['package.json', 'package-lock.json', 'cli/package.json', 'sdk/package.json'];

/** @param changelog text of CHANGELOG.md */
export async function releaseRepository(changelog: string): Promise<ReleaseRepository> {
  const root = await mkdtemp(path.join(tmpdir(), 'lbuild-release-test-'));
  const folder = path.join(root, 'clone');
  const environment: NodeJS.ProcessEnv = {
    ...{ PATH: process.env.PATH, HOME: root, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' },
    ...{ GIT_AUTHOR_NAME: 'test', GIT_AUTHOR_EMAIL: 'test@example.org' },
    ...{ GIT_COMMITTER_NAME: 'test', GIT_COMMITTER_EMAIL: 'test@example.org' },
  };
  const git = async (...args: readonly string[]) => {
    const { stdout } = await execute('git', [...args], { cwd: folder, env: environment });
    return stdout.trimEnd();
  };
  const repository: ReleaseRepository = {
    folder,
    environment,
    git,
    script: (name, ...args) =>
      ended(process.execPath, ['--no-warnings', path.join(project, 'scripts/release', name), ...args], {
        cwd: folder,
        env: environment,
      }),
    read: (file) => readFile(path.join(folder, file), 'utf8'),
    write: (file, text) => writeFile(path.join(folder, file), text),
    commit: async (message) => {
      await git('add', '--all');
      await git('commit', '--quiet', '--message', message);
      await git('push', '--quiet', 'origin', 'HEAD:main');
      await git('fetch', '--quiet', 'origin');
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
  for (const file of copied) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await cp(path.join(project, file), path.join(folder, file));
  }
  await repository.write('CHANGELOG.md', changelog);
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('init', '--quiet', '--bare', path.join(root, 'origin'));
  await git('remote', 'add', 'origin', path.join(root, 'origin'));
  await repository.commit('Begin');
  return repository;
}

/** Runs a program to its end, however it ends. */
export async function ended(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, [...args], options, (error, out, err) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err });
    });
  });
}
