import type { LinuxBuilderClient } from '../sdk/client.ts';
import type { BuildDetail } from '../sdk/generated/types.gen.ts';
import { CliFailure } from './failure.ts';
import { createProgress, streamTarget } from './progress.ts';

/**
 * Waits for a build's end and shows its progress on standard error, unless `quiet`. Ctrl-C ends the waiting, not the
 * build.
 */
export async function waitForBuild(engine: LinuxBuilderClient, id: string, quiet: boolean): Promise<BuildDetail> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt);
  const progress = createProgress(streamTarget(process.stderr, process.env), Date.now);
  try {
    return await engine.waitForBuild(id, {
      signal: interrupted.signal,
      pollMilliseconds: 500,
      ...(quiet ? {} : { onProgress: (build: BuildDetail) => progress.update(build) }),
    });
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    throw new CliFailure('interrupted', {
      code: 'cli.interrupted',
      detail: `Waiting was interrupted; the build ${id} goes on.`,
      remedy: `\`lbuild status ${id} --wait\` waits again, \`lbuild cancel ${id}\` ends it.`,
    });
  } finally {
    process.removeListener('SIGINT', interrupt);
    progress.end();
  }
}
