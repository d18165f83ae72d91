import type { z } from 'zod';
import type { ProgramDeclaration } from '../../core/plan/programs/program.ts';

export interface ExecOptions {
  /** Runs the command inside the tree (chroot), as root, with the builder's defined environment. */
  readonly inTree?: boolean;
  /** `script`: the environment for tenant code (docs/architecture.md, "The script environment"). Implies inTree. */
  readonly confinement?: 'script' | 'script-network';
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Exit codes that are no failure; [0] unless given. */
  readonly okCodes?: readonly number[];
  readonly timeoutSeconds?: number;
  /** Lines that are swallowed instead of logged (for commands whose output is data). */
  readonly quiet?: boolean;
}

export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
}

/**
 * All that a step program gets: no ambient environment, no clock, no network but what its commands need.
 * `exec` takes argv (never shell text), streams both outputs to the log, and throws StepError on a failure.
 */
export interface ProgramContext<Options> {
  /** Absolute path of the tree's root. Paths inside it may be hostile symlinks: use `resolveInTree`. */
  readonly tree: string;
  /** An empty folder of this step's own, removed after it. */
  readonly scratch: string;
  readonly options: Options;
  readonly sourceDateEpoch: number;
  readonly architecture: 'amd64' | 'arm64';
  readonly release: string;
  readonly archive: import('../../core/plan/archive-state.ts').ArchiveState;
  /** Folder of verified .deb files that outlives the stage; undefined where the stage may not share one. */
  readonly packageCache: string | undefined;
  readonly signal: AbortSignal;
  exec(argv: readonly [string, ...string[]], options?: ExecOptions): Promise<ExecResult>;
  /** Tells how far the step is, 0 to 100. */
  progress(percent: number): void;
  log(text: string): void;
  /** Follows every symlink as if `tree` were `/`; the answer lies inside the tree. */
  resolveInTree(path: string): Promise<string>;
}

/** What a program answers: an artifact's file (in scratch) for programs that make one, and small facts. */
export interface ProgramOutcome {
  readonly artifact?: { readonly file: string; readonly name: string; readonly mediaType: string };
  readonly facts?: Readonly<Record<string, string>>;
}

/** The validated options of a declaration. */
export type OptionsOf<Declaration extends ProgramDeclaration> = z.infer<Declaration['options']>;

export interface StepProgram<Options extends z.ZodObject = z.ZodObject> {
  readonly declaration: ProgramDeclaration<Options>;
  run(context: ProgramContext<z.infer<Options>>): Promise<ProgramOutcome>;
}
