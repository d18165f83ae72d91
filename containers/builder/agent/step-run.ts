import { basename } from 'node:path';
import type { Manifest, ManifestStep } from '../../../core/builds/manifest.ts';
import { findRelease } from '../../../core/distributions/registry.ts';
import type { WebProxy } from '../../../core/wiring/proxy.ts';
import type {
  ArchiveFiles,
  LayerAccess,
  ProgramContext,
  ProgramOutcome,
  StepProgram,
  UploadedFiles,
} from '../contract.ts';
import { StepError } from '../step-error.ts';
import { isDiskFull, watchDisk } from './disk-watch.ts';
import { execute } from './exec.ts';
import type { AttemptLog } from './log.ts';
import { endProcesses, type ProcessScope } from './processes.ts';
import { resolveInTree } from './tree-path.ts';

/** Programs by name: the registry of the builder, or a test's. */
export type Programs = Readonly<Record<string, StepProgram | undefined>>;

export interface StepRunOptions {
  readonly manifest: Manifest;
  readonly step: ManifestStep;
  readonly programs: Programs;
  /** The folder of the tree; of a program that reads layers, where it is unpacked when asked for. */
  readonly tree: string;
  readonly scratch: string;
  readonly outputs: string;
  readonly work: string;
  readonly layers: LayerAccess;
  readonly archiveFiles: ArchiveFiles;
  /** The uploads that the step reads; the signal ends that. */
  readonly uploaded: (signal: AbortSignal) => UploadedFiles;
  readonly launcher: string;
  readonly scope: ProcessScope;
  readonly log: AttemptLog;
  /** Web proxy of scripts with network. */
  readonly proxy?: WebProxy | undefined;
  readonly signal: AbortSignal;
  onProgress(percent: number): void;
}

/** @throws StepError where this builder has no such program, or another version of it */
export function programOf(programs: Programs, step: ManifestStep): StepProgram {
  const program = Object.hasOwn(programs, step.program) ? programs[step.program] : undefined;
  if (program === undefined) throw new StepError('step.failed', `This builder has no step program ${step.program}.`);
  const { version } = program.declaration;
  if (version !== step.version) {
    throw new StepError(
      'step.failed',
      `The plan is for version ${step.version} of ${step.program}, this builder has version ${version}: build it anew.`,
    );
  }
  return program;
}

/** The distribution of the release that a manifest names. @throws StepError of one that this builder knows not */
function distributionOf(release: string): ProgramContext<unknown>['distribution'] {
  const found = findRelease(release);
  if (found === undefined) throw new StepError('step.failed', `This builder knows no release ${release}.`);
  return found.distribution;
}

/** Commands of the builder that run maintainer scripts in the tree. */
const packageTools = new Set(['apt-get', 'dpkg', 'mmdebstrap', 'proot']);

function contextOf(
  options: StepRunOptions,
  program: StepProgram,
  signal: AbortSignal,
  onCodeInTree: () => void,
): ProgramContext<never> {
  const { manifest, step, tree, scratch, log } = options;
  const parsed = program.declaration.options.safeParse(step.options);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue?.path.join('.') ?? '';
    throw new StepError('step.failed', `The options of ${step.id} are not valid: ${place}: ${issue?.message}`);
  }
  const settings = {
    tree,
    scratch,
    sourceDateEpoch: manifest.sourceDateEpoch,
    launcher: options.launcher,
    tenantCode: step.trust === 'tenant',
    proxy: options.proxy,
    signal,
    log: (stream: 'out' | 'err' | 'agent', text: string) => log.add(step.id, stream, text),
  };
  let ranCode = false;
  return {
    tree,
    scratch,
    options: parsed.data as never,
    key: step.key,
    sourceDateEpoch: manifest.sourceDateEpoch,
    architecture: manifest.architecture,
    release: manifest.release,
    distribution: distributionOf(manifest.release),
    archive: manifest.archive,
    archiveFiles: options.archiveFiles,
    uploaded: options.uploaded(signal),
    outputs: options.outputs,
    layers: options.layers,
    signal,
    exec: (argv, execOptions) => {
      const inTree = execOptions?.inTree === true || execOptions?.confinement !== undefined;
      if (inTree || packageTools.has(basename(argv[0]))) {
        ranCode = true;
        onCodeInTree();
      }
      // Nobody but the builder has been in the tree until then.
      if (execOptions?.makesDevices === true && ranCode) {
        throw new StepError('step.failed', 'Device nodes are made before any code of the tree runs.');
      }
      return execute(settings, argv, execOptions);
    },
    progress: (percent) => options.onProgress(percent),
    log: (text) => log.add(step.id, 'agent', text),
    resolveInTree: (path) => resolveInTree(tree, path),
  };
}

export interface StepRun {
  readonly outcome: ProgramOutcome;
  /** Code of the tree has run: scripts, maintainer scripts, tools of the image. */
  readonly ranCode: boolean;
}

/**
 * Runs one step's program under its time and disk limits; when it answers, no process of it is left.
 * @throws StepError where the program fails or a limit is passed; the signal's reason where that ended it
 */
export async function runStep(options: StepRunOptions): Promise<StepRun> {
  let ranCode = false;
  const outcome = await withinLimits(options, (program, context) => program.run(context), {
    onCodeInTree: () => {
      ranCode = true;
    },
    atEnd: () => endProcesses(options.scope, options.tree),
  });
  return { outcome, ranCode };
}

/**
 * Lets a step's program make ahead what it can, under the limits of a step of its own.
 * @throws as runStep
 */
export async function prepareStep(options: StepRunOptions): Promise<void> {
  await withinLimits(options, (program, context) => program.prepare?.(context) ?? Promise.resolve(), {
    onCodeInTree: () => undefined,
    atEnd: () => Promise.resolve(),
  });
}

async function withinLimits<Result>(
  options: StepRunOptions,
  work: (program: StepProgram, context: ProgramContext<never>) => Promise<Result>,
  events: { readonly onCodeInTree: () => void; readonly atEnd: () => Promise<void> },
): Promise<Result> {
  const { step, manifest, tree } = options;
  const program = programOf(options.programs, step);
  const limits = new AbortController();
  const signal = AbortSignal.any([options.signal, limits.signal]);
  const context = contextOf(options, program, signal, events.onCodeInTree);
  const timer = setTimeout(
    () => limits.abort(new StepError('step.timeout', `The step was ended after its ${step.timeoutSeconds} seconds.`)),
    step.timeoutSeconds * 1_000,
  );
  const stopWatching = watchDisk(tree, manifest.limits.treeBytes, (error) => limits.abort(error));
  try {
    return await work(program, context);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (await isDiskFull(options.work)) throw new StepError('limit.disk', 'The disk of the builder is full.');
    throw error;
  } finally {
    clearTimeout(timer);
    stopWatching();
    await events.atEnd();
  }
}
