import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plantedBugs } from './planted-bugs.ts';

const project = join(import.meta.dirname, '../../..');

/**
 * Has the process load one file with its bug, for all that is imported after this.
 * @throws Error where nobody knows the bug, or its place is not there exactly once
 */
export function plant(handler: string): void {
  const bug = plantedBugs.find((one) => one.handler === handler);
  if (bug === undefined) throw new Error(`no bug is planted in ${handler}`);
  const file = join(project, bug.file);
  const [before, after, ...more] = readFileSync(file, 'utf8').split(bug.from);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`${bug.file} does not have the place of the bug once: ${bug.from}`);
  }
  registerHooks({
    load: (url, context, next) =>
      url.startsWith('file:') && fileURLToPath(url) === file
        ? { format: 'module-typescript', source: `${before}${bug.to}${after}`, shortCircuit: true }
        : next(url, context),
  });
}
