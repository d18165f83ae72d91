import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { fileSystemTime } from '../layers/clock.ts';
import type { DifferenceOptions } from '../layers/difference.ts';
import { mountOverlay, unmountOverlay } from '../layers/overlay.ts';

/** How the builder works: with a container's rights, or as root of a machine, which may mount. */
export type BuilderMode = 'contained' | 'privileged';

/** TMPFS_MAGIC of linux/magic.h. */
const tmpfsType = 0x01021994;

/** How the candidates of a step's difference are found. */
export type DifferenceSource = Pick<DifferenceOptions, 'since' | 'upper'>;

/** The tree of a stage, from step to step. Programs see the same folder and the same files in both modes. */
export interface Workspace {
  /**
   * True where code that ran in the tree can have changed a file without a trace in its times: on a tmpfs, a page that
   * was read through a shared mapping is written through it without any (Linux 6.18, seen; glibc's localedef and LMDB
   * write so). An overlay copies a file when it is opened for writing, and disks note such writes.
   */
  readonly hidesWrites: boolean;
  /** Where base layers are unpacked, before the first step. */
  readonly base: string;
  /** Where programs find the tree. */
  readonly tree: string;
  /** Called before each step that makes a layer; answers how its difference is found when it has ended. */
  beginStep(name: string): Promise<DifferenceSource>;
  /** Called before each step that only reads the tree. */
  showTree(name: string): Promise<void>;
  close(): Promise<void>;
}

/** One folder that is changed in place; what a step changed shows in the ctimes. */
export async function openContainedWorkspace(work: string): Promise<Workspace> {
  const tree = join(work, 'tree');
  await mkdir(tree, { recursive: true });
  const { type } = await statfs(tree);
  return {
    hidesWrites: type === tmpfsType,
    base: tree,
    tree,
    beginStep: async () => ({ since: fileSystemTime(work) }),
    showTree: async () => {},
    close: async () => {},
  };
}

/** An overlay a step over the base and the steps before; what a step changed is in its upper folder. */
export async function openOverlayWorkspace(work: string): Promise<Workspace> {
  const base = join(work, 'base');
  const tree = join(work, 'tree');
  await mkdir(base, { recursive: true });
  await mkdir(tree, { recursive: true });
  let lowers: readonly string[] = [base];
  let mounted = false;
  const close = async () => {
    if (mounted) await unmountOverlay(tree);
    mounted = false;
  };
  const beginStep = async (name: string) => {
    await close();
    const overlay = await mountOverlay(tree, lowers, join(work, 'overlays', name));
    mounted = true;
    lowers = [overlay.upper, ...overlay.lowers];
    return { upper: overlay.upper };
  };
  return {
    ...{ base, tree, close, beginStep, hidesWrites: false },
    async showTree(name) {
      if (!mounted) await beginStep(name);
    },
  };
}
