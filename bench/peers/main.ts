import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot, stop } from '../../scripts/setup/system.mjs';
import { enginePackages, ensureSystemPackages } from '../../scripts/setup/system-packages.mjs';
import { detachOrphanedLoops, listLoops } from './loop-devices.ts';
import { readOptions } from './options.ts';
import { runInside } from './run.ts';

/**
 * `npm run bench:peers`: the reference image by this engine, by its peers and by hand, in one run, with the bounds that
 * this project sets itself. Goes on where an earlier run was cut short. docs/performance.md says what is measured and
 * how; the options are in options.ts. Exits 1 where a bound fails.
 *
 * This process starts the work in mount and process namespaces of its own, so that nothing mounted or started there
 * outlives it, and removes what could: its folder, and loop devices.
 */
const options = readOptions(process.argv.slice(2));
if (options.inside !== undefined) {
  process.exitCode = await runInside(options, options.inside);
} else {
  if (!isRoot()) stop('the peers need root: mounts and loop devices. Run it as root.');
  if (process.arch !== 'x64') stop('the reference image is for amd64, and images are made on their own architecture.');
  ensureSystemPackages(enginePackages);
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-peers-'));
  const loops = listLoops();
  const child = spawn(
    'unshare',
    [
      ...['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'],
      ...[process.execPath, ...process.argv.slice(1), '--inside', folder],
    ],
    { stdio: 'inherit' },
  );
  // Process 1 of the namespace takes no signal that it does not wait for; its end is the end of all in it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill('SIGKILL'));
  child.once('error', (error) => stop(`the work cannot be started: ${error.message}`));
  child.once('close', (code) => {
    rmSync(folder, { recursive: true, force: true });
    detachOrphanedLoops(loops);
    process.exitCode = code ?? 130;
  });
}
