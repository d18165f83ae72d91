import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { usualWorkFolder } from '../../containers/builder/agent/work-folder.ts';
import type { EngineWorld } from './engine.ts';

/** Where Debian's package `libfaketime` has the library. */
const library = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketime.so.1`;

/** What programs with the library see as now. Times of files and the clock that only runs stay what they are. */
function shiftedClock(days: number, preloaded: string): Record<string, string> {
  return {
    ...{ LD_PRELOAD: preloaded, FAKETIME: `+${days}d` },
    ...{ NO_FAKE_STAT: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
  };
}

/** Puts a program of a root aside and a script in its place, which ends as that program. */
function wrap(root: string, program: string, script: string): void {
  renameSync(join(root, program), join(root, `${program}.real`));
  writeFileSync(join(root, program), `#!/bin/sh\n${script}exec ${program}.real "$@"\n`, { mode: 0o755 });
}

/**
 * Copies a builder root and has every program that a builder starts in the copy see a later day: the agent, its tools,
 * and what runs in the tree. A time namespace shifts no clock that tells the day, and the environment of commands is the
 * agent's; so the two programs that start all others, Node and Perl (confine.pl), are wrapped, and the library is laid
 * into `/tmp` of the tree that a command is run in, which is emptied before a layer is taken.
 */
export function copyShiftedRoot(builderRoot: string, copy: string, days: number): void {
  execFileSync('cp', ['-a', '--reflink=auto', builderRoot, copy]);
  const kept = '/opt/lbuild/faketime.so';
  const used = '/tmp/faketime.so';
  copyFileSync(library, join(copy, kept));
  const exports = Object.entries(shiftedClock(days, used)).map(([name, value]) => `export ${name}=${value}\n`);
  const lay = (place: string) =>
    `if [ ! -e "${place}${used}" ]; then cp ${kept} "${place}${used}.$$"; mv "${place}${used}.$$" "${place}${used}"; fi\n`;
  wrap(copy, '/opt/lbuild/node', [lay(''), ...exports].join(''));
  const findTree = [
    'tree= before=\n',
    'for word in "$@"; do\n  if [ "$word" = -- ]; then break; fi\n',
    '  if [ "$before" = --root ]; then tree=$word; fi\n  before=$word\ndone\n',
    // These go into the tree by themselves.
    `case " $* " in *" mmdebstrap "*|*" apt-get "*|*" dpkg "*) tree=${usualWorkFolder}/tree; esac\n`,
    'if [ "$1" != /run/lbuild/confine.pl ] && [ "$1" != /run/agent/confine.pl ]; then tree=; fi\n',
    // What has begun in the builder root would look for its semaphore in a tree, which has no place for any: so nobody has.
    'case " $* " in *" /usr/bin/tini "*) umount /dev/shm; esac\n',
    'if [ -n "$tree" ]; then\n  if [ ! -d "$tree/tmp" ]; then mkdir -m 1777 "$tree/tmp"; fi\n',
    `  ${lay('$tree')}fi\n`,
  ].join('');
  wrap(copy, '/usr/bin/perl', [lay(''), findTree, ...exports].join(''));
}

/** Another day, another name of the host, and one processor, for an engine and all that it starts. */
export function shiftedWorld(options: { readonly days: number; readonly hostname: string }): EngineWorld {
  if (!existsSync(library)) throw new Error(`the package libfaketime is not installed: there is no ${library}`);
  const named = ['unshare', '--uts', 'sh', '-c', 'hostname "$1"; shift; exec "$@"', 'sh', options.hostname];
  const shifted = Object.entries(shiftedClock(options.days, library)).map(([name, value]) => `${name}=${value}`);
  return { prefix: ['taskset', '--cpu-list', '0', ...named, 'env', ...shifted] };
}
