import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What an engine's tasks could leave behind: processes that know its folder, mounts below it, task folders. */
export interface Leftovers {
  readonly processes: readonly string[];
  readonly mounts: readonly string[];
  readonly folders: readonly string[];
}

/** Looks at this machine for what belongs to the engine of a folder. Empty lists are the only good answer. */
export function leftoversOf(directory: string): Leftovers {
  const tasks = join(directory, 'tasks');
  return {
    processes: processesOf(directory),
    mounts: readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(directory)),
    folders: existsSync(tasks) ? readdirSync(tasks) : [],
  };
}

/** Command lines of processes that name the folder, or whose mounts come from it. */
function processesOf(directory: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      const inside = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(`${directory}/tasks`);
      if (command.includes(directory) || inside) {
        found.push(`${pid} ${command}`);
      }
    } catch (error) {
      // It ended while it was looked at.
      if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')))
        throw error;
    }
  }
  return found;
}
