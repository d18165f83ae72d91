import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EngineError } from '../core/errors.ts';
import { type Archives, findArchives } from '../local/archive-sources.ts';
import { builderRootPlace } from '../local/builder-root-place.ts';

export interface BuilderRoot {
  readonly directory: string;
  /** Folder of all that outlives a clone's engines: builder roots and package files. */
  readonly cache: string;
}

/**
 * The builder root of a clone, made unless it is there: named after its package list, so that a changed list makes a
 * new one and nothing is made twice.
 * @throws EngineError archive.not_configured where neither `archive` nor the machine's apt sources name one
 */
export async function ensureBuilderRoot(options: {
  project: string;
  log: (line: string) => void;
  archive?: string;
}): Promise<BuilderRoot> {
  const { project, log } = options;
  const cache = resolve(process.env.LBUILD_CACHE ?? join(project, '.cache'));
  const { directory, packages: names, release } = builderRootPlace(cache);
  if (existsSync(join(directory, 'toolchain.json'))) return { directory, cache };
  const archives: Archives = options.archive === undefined ? findArchives() : { debian: options.archive };
  if (archives.debian === undefined) {
    throw new EngineError(
      'archive.not_configured',
      "This machine's apt sources name no Debian archive over http or https; give its address with --archive URL.",
    );
  }
  log(`Making the builder root (${names.length} packages and what they need; once).`);
  await makeBuilderRoot({ archive: archives.debian, release, names, directory, log });
  return { directory, cache };
}

/**
 * Makes the builder root in a folder beside its place and renames it: whole or not at all. `toolchain.json` in it says
 * what it is made of.
 */
async function makeBuilderRoot(options: {
  archive: string;
  release: string;
  names: readonly string[];
  directory: string;
  log: (line: string) => void;
}): Promise<void> {
  const { archive, release, names, directory, log } = options;
  const part = `${directory}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(join(directory, '..'), { recursive: true });
  await runMmdebstrap(
    [
      'mmdebstrap',
      '--mode=root',
      '--variant=minbase',
      '--format=directory',
      `--include=${names.join(',')}`,
      '--aptopt=Acquire::Languages "none"',
      '--dpkgopt=force-unsafe-io',
      '--dpkgopt=path-exclude=/usr/share/doc/*',
      '--dpkgopt=path-exclude=/usr/share/man/*',
      '--dpkgopt=path-exclude=/usr/share/locale/*',
      '--quiet',
      release,
      part,
      `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${archive} ${release} main`,
    ],
    log,
  );
  // The Node that runs this one runs the agent too: one version everywhere.
  mkdirSync(join(part, 'opt/lbuild'), { recursive: true });
  copyFileSync(process.execPath, join(part, 'opt/lbuild/node'));
  // Where a machine has KVM, its device is shown here (local/tasks/enter.sh).
  writeFileSync(join(part, 'dev/kvm'), '');
  for (const place of ['work', 'inputs', 'packages']) mkdirSync(join(part, place), { recursive: true });
  writeFileSync(join(part, 'toolchain.json'), `${JSON.stringify(readToolchain(part), null, 1)}\n`);
  renameSync(part, directory);
}

/** What the root is made of: every package with its version, and Node's. Its digest is the toolchain. */
function readToolchain(root: string): { digest: string; packages: string[] } {
  const stanzas = readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8').split('\n\n');
  const packages = stanzas
    .flatMap((stanza) => {
      const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
      const name = field('Package');
      return name === undefined ? [] : [`${name} ${field('Version')} ${field('Architecture')}`];
    })
    .concat(`node ${process.version}`)
    .sort();
  return { digest: createHash('sha256').update(packages.join('\n')).digest('hex'), packages };
}

function runMmdebstrap(argv: readonly [string, ...string[]], log: (line: string) => void): Promise<void> {
  return new Promise((resolvePromise, reject) => {
    const [command, ...args] = argv;
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'pipe'] });
    const tail: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      tail.push(...text.split('\n').filter((line) => line.trim() !== ''));
      tail.splice(0, Math.max(0, tail.length - 20));
    });
    child.on('error', (error) =>
      reject(new Error(`${command} cannot be run (install the package mmdebstrap): ${error.message}`)),
    );
    child.on('close', (code) => {
      if (code === 0) {
        resolvePromise();
        return;
      }
      for (const line of tail) log(`  ${line}`);
      reject(new Error(`${command} failed with exit code ${code}; its last lines are above.`));
    });
  });
}
