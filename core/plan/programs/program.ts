import type { z } from 'zod';
import type { TrustClass } from '../../builds/manifest.ts';

/**
 * What the planner knows of a step program. The program itself (containers/builder/programs/<name>.ts) imports its
 * declaration from here, so that planner and builder cannot disagree.
 */
export interface ProgramDeclaration<Options extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** Part of every key. Raise it when the same options would give other bytes. */
  readonly version: number;
  /** One line for people: what the step does. */
  readonly summary: string;
  readonly trust: TrustClass;
  readonly produces: 'layer' | 'module' | 'artifact' | 'report' | 'inspection';
  /**
   * What it is shown of its ancestors: the whole `tree`; a sparse tree of the `paths` that it says; or no tree, only
   * their `layers`, modules and artifacts as files.
   */
  readonly reads: 'tree' | 'paths' | 'layers';
  /**
   * With `reads: 'paths'`: paths, relative to the root, of all that it reads or changes with these options, with what
   * is below them. What is above them, and what symlinks on the way lead to, is there too.
   */
  readonly readsPaths?: (options: Readonly<Record<string, unknown>>) => readonly string[];
  /** Digests of the uploads of the tenant that it reads with these options, each perhaps more than once. */
  readonly readsUploads?: (options: Readonly<Record<string, unknown>>) => readonly string[];
  /** Names of the secrets of the tenant that it needs with these options, each once. */
  readonly readsSecrets?: (options: Readonly<Record<string, unknown>>) => readonly string[];
  /** Of a program that makes a layer in a tree of its own: the only paths that the layer may hold, and what is below. */
  readonly writes?: readonly string[];
  /** Commands of the builder root that the program calls. */
  readonly hostTools: readonly string[];
  /** Names of option members that hold no byte of the result (labels): left out of the key. */
  readonly labels?: readonly string[];
  readonly timeoutSeconds: number;
  /** Strict, each field described. */
  readonly options: Options;
}
