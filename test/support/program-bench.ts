import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openLayerAccess } from '../../containers/builder/agent/layer-access.ts';
import { folderCache, noCache } from '../../containers/builder/agent/package-cache.ts';
import { openPackageStore } from '../../containers/builder/agent/package-store.ts';
import { resolveInTree } from '../../containers/builder/agent/tree-path.ts';
import { openUploadedFiles } from '../../containers/builder/agent/uploaded-files.ts';
import type {
  ArchiveFiles,
  ExecOptions,
  ExecResult,
  LayerAccess,
  ProgramContext,
  ProgramOutcome,
  StepProgram,
} from '../../containers/builder/contract.ts';
import { LayerShelf } from '../../containers/builder/layers/shelf.ts';
import { StepError } from '../../containers/builder/step-error.ts';
import { distributions, releaseNamed } from '../../core/distributions/registry.ts';

type Archive = ProgramContext<unknown>['archive'];

/** The capabilities that a container on Fargate has: mask a80425fb. */
export const containedCapabilities = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'net_bind_service',
  'net_raw',
  'sys_chroot',
  'mknod',
  'audit_write',
  'setfcap',
] as const;

export interface BenchOptions {
  readonly tree: string;
  readonly scratch: string;
  /** Commands run in this root, which sees tree and scratch at their own paths; in the machine's own where absent. */
  readonly builderRoot?: string;
  /** Runs commands with Fargate's capabilities and no others. */
  readonly contained?: boolean;
  readonly archive?: Archive;
  readonly packageCache?: string;
  /** In place of the files of the archive and of `packageCache`. */
  readonly archiveFiles?: ArchiveFiles;
  /** In place of the distribution's, in the arguments of commands. */
  readonly keyring?: string;
  readonly release?: string;
  /** The step's key. */
  readonly key?: string;
  readonly architecture?: 'amd64' | 'arm64';
  readonly log?: (line: string) => void;
  /** The layers below the step; none where absent. */
  readonly layers?: LayerAccess;
  /** Files of uploads by digest; none where absent. */
  readonly uploads?: Readonly<Record<string, string>>;
  /** In place of running commands. */
  readonly exec?: ProgramContext<unknown>['exec'];
}

/** The epoch that bench runs give to programs: 2025-01-01. */
export const benchEpoch = 1_735_689_600;

const noArchive: Archive = {
  suites: [
    { uri: 'http://archive.invalid/debian', suite: 'trixie', components: ['main'], indexes: {}, date: benchEpoch },
  ],
};

/** The archive's files as the agent has them, with a folder for a cache or none, and the clock that expiry is judged by. */
export function benchFiles(packageCache: string | undefined, now: () => Date = () => new Date()): ArchiveFiles {
  return openPackageStore({
    cache: packageCache === undefined ? noCache : folderCache(packageCache),
    keeps: true,
    signal: new AbortController().signal,
    random: () => 0,
    now,
  });
}

/** Files of the keys of all distributions. */
const keyrings: readonly string[] = Object.values(distributions).map(({ keyring }) => keyring);

/** Runs commands as a bench has it. */
export function benchExec(bench: BenchOptions): ProgramContext<unknown>['exec'] {
  return ([command, ...rest], options) => {
    const given = rest.map((part) => (keyrings.includes(part) ? (bench.keyring ?? part) : part));
    return runCommand(bench, [command, ...given], options ?? {});
  };
}

/** Runs one program on a tree, with its options parsed as the agent parses them. */
export async function runProgram(
  program: StepProgram,
  options: Readonly<Record<string, unknown>>,
  bench: BenchOptions,
): Promise<ProgramOutcome> {
  return program.run({
    tree: bench.tree,
    scratch: bench.scratch,
    outputs: bench.scratch,
    options: program.declaration.options.parse(options),
    key: bench.key ?? '0'.repeat(64),
    sourceDateEpoch: benchEpoch,
    architecture: bench.architecture ?? 'amd64',
    release: bench.release ?? 'trixie',
    distribution: releaseNamed(bench.release ?? 'trixie').distribution,
    archive: bench.archive ?? noArchive,
    archiveFiles: bench.archiveFiles ?? benchFiles(bench.packageCache),
    layers:
      bench.layers ??
      openLayerAccess(
        new LayerShelf({ base: [], modules: [], steps: [] }, () => Promise.reject(new Error('a bench has no blobs'))),
        { id: 'bench', needs: [] },
        // The tree of a bench is there from the beginning.
        async () => {},
      ),
    uploaded: openUploadedFiles(
      (digest) => Promise.resolve(bench.uploads?.[digest] ?? ''),
      Object.keys(bench.uploads ?? {}),
      new AbortController().signal,
    ),
    signal: new AbortController().signal,
    exec: bench.exec ?? benchExec(bench),
    progress: () => {},
    log: (text) => bench.log?.(text),
    resolveInTree: (path) => resolveInTree(bench.tree, path),
  });
}

function commandLine(bench: BenchOptions, argv: readonly string[], options: ExecOptions): string[] {
  const inTree = options.inTree === true || options.confinement !== undefined;
  const root = inTree ? bench.tree : bench.builderRoot;
  const capabilities = containedCapabilities.map((name) => `+${name}`).join(',');
  return [
    ...(inTree || root === undefined ? [] : showing(dirname(bench.tree), root)),
    ...(bench.contained === true
      ? ['setpriv', `--inh-caps=-all,${capabilities}`, `--bounding-set=-all,${capabilities}`]
      : []),
    ...(root === undefined ? [] : ['chroot', root]),
    ...(options.cwd === undefined ? [] : ['env', `--chdir=${options.cwd}`]),
    ...argv,
  ];
}

/** The start of a command line whose command sees a folder in a root at its own path, by mounts that end with it. */
function showing(folder: string, root: string): string[] {
  const top = folder.split('/')[1] ?? '';
  const script = 'mount -t tmpfs tmpfs "$1/$2" && mkdir -p "$1$3" && mount --bind "$3" "$1$3" && shift 3 && exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', root, top, folder];
}

/** Runs one command as a program's `exec` does. */
export function runCommand(bench: BenchOptions, argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
  const [command = '', ...rest] = commandLine(bench, argv, options);
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, {
      cwd: '/',
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.timeoutSeconds === undefined
        ? {}
        : { timeout: options.timeoutSeconds * 1000, killSignal: 'SIGKILL' }),
    });
    let stdout = '';
    // A command that does not read its input closes it.
    child.stdin.on('error', () => undefined);
    if (options.feed === undefined) child.stdin.end(options.stdin ?? '');
    else {
      const write = (piece: Buffer) => new Promise<void>((taken) => child.stdin.write(piece, () => taken()));
      options.feed(write).then(() => child.stdin.end(), reject);
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (options.quiet !== true) bench.log?.(text.trimEnd());
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => bench.log?.(text.trimEnd()));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL' && options.timeoutSeconds !== undefined) {
        reject(new StepError('step.timeout', `${argv[0]} was ended after ${options.timeoutSeconds} s`));
      } else if (code === null || !(options.okCodes ?? [0]).includes(code)) {
        reject(new StepError('step.failed', `${argv.join(' ')} ended with ${code ?? signal}`, code ?? undefined));
      } else resolve({ code, stdout });
    });
  });
}

/** Makes a folder with an empty `tree`, `scratch` and `outside`, and removes all after the use. */
export async function withBenchFolder<Result>(
  use: (folder: { tree: string; scratch: string; outside: string }) => Promise<Result>,
): Promise<Result> {
  const base = await mkdtemp(join(tmpdir(), 'lbuild-bench-'));
  const folder = { tree: join(base, 'tree'), scratch: join(base, 'scratch'), outside: join(base, 'outside') };
  try {
    for (const path of Object.values(folder)) await mkdir(path);
    return await use(folder);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}
