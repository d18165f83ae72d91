import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * The Node that runs the tests, and the machine's own where that is another version: what is published runs on both. By
 * version, with the program.
 */
export function installedNodes(): [version: string, program: string][] {
  const found = new Map([[process.versions.node, process.execPath]]);
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const program = path.join(folder, 'node');
    if (folder.includes('node_modules') || !existsSync(program)) continue;
    const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim().slice(1);
    if (!found.has(version)) found.set(version, program);
  }
  return [...found];
}
