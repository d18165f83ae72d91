import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { runTool } from '../layers/tool.ts';
import { StepError } from '../step-error.ts';

/** One look costs 0.1 s on a tree of 20,000 paths. */
const pause = 5_000;
/** With less left nothing can be written any more. */
const leastFree = 4 << 20;

/** True where the file system of a folder is full. */
export async function isDiskFull(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize < leastFree;
}

/** Watches what a step writes until it is stopped, and calls `onLimit` once where the tree outgrows its limit. */
export function watchDisk(tree: string, treeBytes: number, onLimit: (error: StepError) => void): () => void {
  const stop = new AbortController();
  const run = async () => {
    while (!stop.signal.aborted) {
      await sleep(pause, undefined, { signal: stop.signal, ref: false });
      // Files that come and go while du looks make it end with 1: a look that failed says nothing.
      const output = await runTool(['du', '-s', '--block-size=1', tree]).catch(() => undefined);
      const used = Number.parseInt(output?.toString('latin1') ?? '', 10);
      if (used > treeBytes && !stop.signal.aborted) {
        onLimit(new StepError('limit.disk', `The tree uses ${used} bytes, more than the ${treeBytes} it may.`));
        return;
      }
    }
  };
  run().catch(() => undefined);
  return () => stop.abort();
}
