import { lstatSync, mkdirSync, realpathSync, type Stats } from 'node:fs';
import path from 'node:path';

/** Permissions that let a group or others change something; the sticky bit lets them change only what is theirs. */
const othersWrite = 0o022;
const sticky = 0o1000;

/** Variables of the environment that say where a user's caches are (XDG Base Directory Specification). */
export interface CacheEnvironment {
  readonly XDG_CACHE_HOME?: string | undefined;
  readonly HOME?: string | undefined;
}

/**
 * The folder in which Node keeps the modules of the CLI in compiled form, made where it is absent: `lbuild` below
 * `$XDG_CACHE_HOME`, else below `~/.cache`. What lies in it is run, so it must be the user's alone: nobody else may
 * write to it, or put another one in its place.
 * @param user id of this process's user; undefined on a system that has none
 * @returns undefined where there is no such folder and none can be made: the CLI works without, and starts slower
 */
export function compileCacheFolder(environment: CacheEnvironment, user: number | undefined): string | undefined {
  const caches = cachesOf(environment);
  if (caches === undefined || user === undefined) return undefined;
  try {
    let folder = realpathSync(path.dirname(caches));
    for (const name of [path.basename(caches), 'lbuild']) {
      // Asked before: root should leave nothing in a folder that is another user's.
      if (!isGuarded(folder, user)) return undefined;
      folder = path.join(folder, name);
      makeFolder(folder);
    }
    const { uid, mode } = lstatSync(folder);
    return isGuarded(folder, user) && uid === user && (mode & 0o077) === 0 ? folder : undefined;
  } catch {
    // No such home, a disk that is full or read-only: none of it keeps anybody from using the CLI.
    return undefined;
  }
}

/** Relative paths count as absent, as the specification says. */
function cachesOf({ XDG_CACHE_HOME: caches = '', HOME: home = '' }: CacheEnvironment): string | undefined {
  if (path.isAbsolute(caches)) return path.normalize(caches);
  return path.isAbsolute(home) ? path.join(home, '.cache') : undefined;
}

/** Whether a folder, and each one above it, can be changed by nobody but the user and root. */
function isGuarded(folder: string, user: number): boolean {
  for (let place = folder; ; place = path.dirname(place)) {
    if (!isOwn(lstatSync(place), user)) return false;
    if (place === path.dirname(place)) return true;
  }
}

function isOwn(stats: Stats, user: number): boolean {
  if (!stats.isDirectory() || (stats.uid !== user && stats.uid !== 0)) return false;
  return (stats.mode & othersWrite) === 0 || (stats.mode & sticky) !== 0;
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
