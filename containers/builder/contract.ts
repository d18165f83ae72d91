import type { FileHandle } from 'node:fs/promises';
import type { z } from 'zod';
import type { LayerEntry, LayerIndexHeader } from '../../core/builds/layer-index.ts';
import type { Distribution } from '../../core/distributions/distribution.ts';
import type { ProgramDeclaration } from '../../core/plan/programs/program.ts';

export interface ExecOptions {
  /** Runs the command inside the tree (chroot), as root, with the builder's defined environment. */
  readonly inTree?: boolean;
  /** `script`: the environment for tenant code (docs/architecture.md, "The script environment"). Implies inTree. */
  readonly confinement?: 'script' | 'script-network';
  /** Of a step of a tenant's: the command may make device nodes. Refused once code of the tree has run. */
  readonly makesDevices?: boolean;
  readonly stdin?: string;
  /** Writes the command's standard input piece by piece, instead of `stdin`. */
  readonly feed?: (write: (piece: Buffer) => Promise<void>) => Promise<void>;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Exit codes that are no failure; [0] unless given. */
  readonly okCodes?: readonly number[];
  readonly timeoutSeconds?: number;
  /** Others wait for no part of this: where processors are scarce, they are theirs. */
  readonly background?: boolean;
  /** A file that the command writes from its beginning to its end: it is hashed meanwhile, and `written` tells. */
  readonly writes?: string;
  /** Lines that are swallowed instead of logged (for commands whose output is data). */
  readonly quiet?: boolean;
}

export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  /** Of the file of `writes`, where it is there. */
  readonly written?: WrittenFile;
}

/** Size in bytes and digest of a file. */
export interface WrittenFile {
  readonly size: number;
  readonly sha256: string;
}

/** An artifact as a file. */
export interface ArtifactFile extends WrittenFile {
  readonly file: string;
}

/** A path of the tree that the layers below a step make, by their indexes. */
export interface IndexedPath {
  readonly entry: LayerEntry;
  /** The step whose layer it is from. */
  readonly step: string;
}

/** A layer as a container image holds it: the tar that a runtime unpacks over the layers below. */
export interface ImageLayer {
  /** The step that made it. */
  readonly step: string;
  /** Tar headers of folders that must stand before its own entries; empty where none must. */
  readonly folders: Buffer;
  /** The stored tar that follows them, compressed with zstd; absent where it holds what the image must not. */
  readonly stored?: { readonly file: string; readonly sha256: string };
  /**
   * Writes the whole tar, folders included. What was written, and the stored file, are good once it has answered.
   * @throws LayerError where the stored layer is not what its index and its digest say
   */
  write(write: (piece: Buffer) => Promise<void>): Promise<void>;
}

/** What a tar of the whole tree has more and less than the tree. */
export interface TreeTarOptions {
  /** Files of root's that the tree has not, mode 644, by their paths relative to the root. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Time of these files, in seconds since 1970. */
  readonly mtime: number;
  /** Folders, relative to the root, that stay empty. */
  readonly emptied: readonly string[];
}

/** The layers and modules below a step, for programs that need no tree. */
export interface LayerAccess {
  /** Each path of the tree, relative to the root, in the escaped form of the index. */
  paths(): Promise<ReadonlyMap<string, IndexedPath>>;
  /** Where a path of an index lies in a folder that holds the tree, for node:fs: names are bytes. */
  placeOf(tree: string, path: string): Buffer;
  /** What the layers of the step `since`, and those it was built on, do not say: entries of the others. */
  entriesSince(since: string): Promise<readonly LayerEntry[]>;
  /** What an initramfs step read, from its layer's index. */
  inputsOf(step: string): Promise<LayerIndexHeader['inputs']>;
  /** Writes layers, with deletions as overlayfs reads them, as one tar. */
  writeModuleTar(layers: readonly string[], write: (piece: Buffer) => Promise<void>): Promise<void>;
  /** Writes the tree below the step as one tar, without its root folder. */
  writeTreeTar(options: TreeTarOptions, write: (piece: Buffer) => Promise<void>): Promise<void>;
  /** The layers below the step as a container image stacks them, without those that hold nothing. */
  imageLayers(layers: readonly string[]): Promise<readonly ImageLayer[]>;
  /** A module as a file whose digest was checked, and the steps whose layers it holds. */
  module(step: string): Promise<{ readonly file: string; readonly digest: string; readonly layers: readonly string[] }>;
  /** An artifact that the step needs, as a file whose digest was checked; nothing may write to it. */
  artifact(step: string): Promise<ArtifactFile>;
  /** Unpacks the tree that the step works on in a folder of its own; `tree` is there from then on. */
  unpackTree(): Promise<void>;
}

/** A file of the package archive: its digest is known before it is fetched. */
export interface ArchiveFile {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** Where the archive has it. */
  readonly address: string;
  /** Absolute path that it is put at. */
  readonly place: string;
}

/**
 * Files of the package archive. What was fetched once serves every build, by its digest; whatever is handed out has
 * been verified against that. One object serves a whole stage.
 */
export interface ArchiveFiles {
  /** Puts a cached file at its place. False where no cache holds it, whole and unaltered. */
  take(sha256: string, place: string): Promise<boolean>;
  /**
   * Puts files at their places, from the cache or else from the archive, and keeps the new ones.
   * @param options.keep false: what comes from the archive is not kept
   * @throws StepError archive.unreachable, archive.gone (names all that the archive no longer has), archive.untrusted
   *   (another digest)
   */
  fetch(
    files: readonly ArchiveFile[],
    options?: { readonly keep?: boolean; onProgress?(fraction: number): void },
  ): Promise<{ readonly cached: number }>;
  /** Keeps a file whose digest the program has verified. */
  keep(sha256: string, place: string): Promise<void>;
  /**
   * What the archive has at an address now, of a digest that nobody knows: a text whose signature is verified next.
   * @throws StepError archive.unreachable
   */
  read(address: string, mostBytes: number): Promise<Buffer>;
  /** The time, to judge whether a signed text still holds. Nothing in an image is made of it. */
  now(): Date;
}

/** Files that the tenant has uploaded, as far as the step's options name them. */
export interface UploadedFiles {
  /**
   * Writes an upload's bytes to an open, empty file, piece by piece.
   * @throws StepError layer.damaged where they are not what the digest says: what was written must not be kept
   */
  write(sha256: string, file: FileHandle): Promise<void>;
}

/**
 * All that a step program gets: no ambient environment, no clock, no network but what its commands need.
 * `exec` takes argv (never shell text), streams both outputs to the log, and throws StepError on a failure.
 */
export interface ProgramContext<Options> {
  /**
   * Absolute path of the tree's root. Paths inside it may be hostile symlinks: use `resolveInTree`. A program that
   * reads layers has none until it asks for `layers.unpackTree`.
   */
  readonly tree: string;
  /** An empty folder of this step's own, removed after it. */
  readonly scratch: string;
  /** The folder for an artifact's file. */
  readonly outputs: string;
  readonly options: Options;
  /** The step's key: what must be one of its kind and yet the same each time (a file system's id) is derived from it. */
  readonly key: string;
  readonly sourceDateEpoch: number;
  readonly architecture: 'amd64' | 'arm64';
  readonly release: string;
  /** The facts of the distribution that the release is of: known by the release, which is in the key of what is below. */
  readonly distribution: Distribution;
  readonly archive: import('../../core/plan/archive-state.ts').ArchiveState;
  readonly archiveFiles: ArchiveFiles;
  readonly uploaded: UploadedFiles;
  readonly layers: LayerAccess;
  readonly signal: AbortSignal;
  exec(argv: readonly [string, ...string[]], options?: ExecOptions): Promise<ExecResult>;
  /** Tells how far the step is, 0 to 100. */
  progress(percent: number): void;
  log(text: string): void;
  /** Follows every symlink as if `tree` were `/`; the answer lies inside the tree. */
  resolveInTree(path: string): Promise<string>;
}

/** What is there for a step before the steps that it needs have ended. */
export type PrepareContext<Options> = Pick<
  ProgramContext<Options>,
  | 'architecture'
  | 'archive'
  | 'archiveFiles'
  | 'distribution'
  | 'exec'
  | 'key'
  | 'log'
  | 'options'
  | 'scratch'
  | 'signal'
  | 'sourceDateEpoch'
>;

/** What a program answers: an artifact's file (in outputs) for programs that make one, and small facts. */
export interface ProgramOutcome {
  readonly artifact?: {
    readonly file: string;
    readonly name: string;
    readonly mediaType: string;
    /** Where it is known already, of the file as it is. */
    readonly written?: WrittenFile | undefined;
  };
  /** A squashfs image (in scratch) of programs that make a module. */
  readonly module?: { readonly file: string };
  /** What a boot test came to; its files (in scratch) are kept, whether it was passed or not. */
  readonly test?: {
    /** Why it was not passed; absent where it was. */
    readonly failure?: string;
    /** What the serial line showed. */
    readonly log: string;
    /** PNG of the screen. */
    readonly screen?: string;
  };
  /** A file of JSON (in scratch) of a program that inspects the tree. */
  readonly inspection?: { readonly file: string };
  /** What it took from archives, of programs that do. */
  readonly taken?: NonNullable<LayerIndexHeader['taken']>;
  /** What an initramfs program read. */
  readonly inputs?: NonNullable<LayerIndexHeader['inputs']>;
  readonly facts?: Readonly<Record<string, string>>;
}

/** The validated options of a declaration. */
export type OptionsOf<Declaration extends ProgramDeclaration> = z.infer<Declaration['options']>;

/** The schema of a program's options. */
export type OptionsSchema = z.ZodObject;

export interface StepProgram<Options extends OptionsSchema = OptionsSchema> {
  readonly declaration: ProgramDeclaration<Options>;
  /**
   * What can be made before the steps that this one needs have ended: of its options, its key, the archive in the planned
   * state and the toolchain alone, in its scratch folder. It may be running while they do, and has ended when `run`
   * begins; where it cannot, `run` begins right after it.
   */
  prepare?(context: PrepareContext<z.infer<Options>>): Promise<void>;
  run(context: ProgramContext<z.infer<Options>>): Promise<ProgramOutcome>;
}
