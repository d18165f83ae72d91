import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildCli } from '../scripts/build-cli.ts';
import { installedNodes } from '../test/support/installed-nodes.ts';

/**
 * `npm run bench:start-up`: how long `lbuild --version` takes of the package of the CLI, as a whole process: the median of
 * twenty, beside that of Node alone in turn. Exits 1 where it is more than the bound, on a Node that keeps compiled modules.
 */
const bound = 150;
const runs = 20;
/** From which version on Node keeps what it compiled. */
const keepsCompiled = [22, 8] as const;

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
};

const folder = mkdtempSync(path.join(tmpdir(), 'lbuild-start-'));
try {
  await buildCli(path.join(folder, 'cli'));
  const program = path.join(folder, 'cli/lib/lbuild.js');
  const environment = { PATH: process.env.PATH, HOME: folder };
  for (const [version, node] of installedNodes()) {
    const timed = (args: readonly string[]): number => {
      const began = performance.now();
      const { status } = spawnSync(node, args, { env: environment, stdio: 'ignore' });
      if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
      return performance.now() - began;
    };
    timed([program, '--version']);
    const times = Array.from({ length: runs }, () => ({
      own: timed([program, '--version']),
      bare: timed(['-e', '0']),
    }));
    const [own, bare] = [median(times.map((time) => time.own)), median(times.map((time) => time.bare))];
    console.log(
      `Node ${version}: lbuild --version ${own.toFixed(0)} ms, node -e 0 ${bare.toFixed(0)} ms (median of ${runs})`,
    );
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const keeps = major > keepsCompiled[0] || (major === keepsCompiled[0] && minor >= keepsCompiled[1]);
    if (keeps && own > bound) {
      console.log(`That is more than ${bound} ms.`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
