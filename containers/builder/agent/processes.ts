import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Which processes are the step's: `namespace` where the agent is alone in a process namespace below its init (a
 * container, a local task): everything but these two. `tree`: those whose root is the tree or inside it.
 */
export type ProcessScope = 'namespace' | 'tree';

/** @throws Error where the init above this process was not started for it: a signal to all would reach strangers */
export function assertOwnNamespace(): void {
  const init = readFileSync('/proc/1/cmdline', 'utf8').split('\0');
  if (process.ppid !== 1 || !init.includes(process.argv[1] ?? '')) {
    throw new Error('the agent must be started by the init of a process namespace of its own');
  }
}

function others(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== 1 && pid !== process.pid);
}

/** A process that has ended and only waits to be reaped. */
function isEnded(pid: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

function isInTree(pid: number, tree: string): boolean {
  try {
    const root = readlinkSync(`/proc/${pid}/root`);
    return root === tree || root.startsWith(`${tree}/`);
  } catch {
    return false;
  }
}

/**
 * Ends every process that a step left behind, daemons in sessions of their own included, and waits until they are
 * gone (at most 5 s).
 * @throws Error where one is still there
 */
export async function endProcesses(scope: ProcessScope, tree: string): Promise<void> {
  for (let round = 0; round < 250; round += 1) {
    const left = others().filter((pid) => !isEnded(pid) && (scope === 'namespace' || isInTree(pid, tree)));
    if (left.length === 0) return;
    if (scope === 'namespace') {
      // One call that reaches all but init and this process, so that no fork can outrun it.
      try {
        process.kill(-1, 'SIGKILL');
      } catch {
        // Nothing was left to be signalled.
      }
    } else {
      for (const pid of left) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has ended by itself.
        }
      }
    }
    await sleep(20);
  }
  throw new Error('processes of the step could not be ended');
}
