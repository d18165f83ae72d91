import type { LinuxBuilderClient } from '../sdk/client.ts';
import type { BuildDetail } from '../sdk/generated/types.gen.ts';
import { untilInterrupted } from './interrupted.ts';
import { createProgress, type Progress, streamTarget } from './progress.ts';

/**
 * Waits for a build's end and shows its progress on standard error, unless `quiet`. Ctrl-C ends the waiting, not the
 * build.
 */
export async function waitForBuild(engine: LinuxBuilderClient, id: string, quiet: boolean): Promise<BuildDetail> {
  const target = streamTarget(process.stderr, process.env);
  const progress = createProgress(target, Date.now);
  const ended = new AbortController();
  const log = quiet || !target.terminal ? undefined : followLog(engine, id, progress, ended.signal);
  try {
    return await untilInterrupted(
      `Waiting was interrupted; the build ${id} goes on.`,
      `\`lbuild status ${id} --wait\` waits again, \`lbuild cancel ${id}\` ends it.`,
      (signal) =>
        engine.waitForBuild(id, {
          ...{ signal, pollMilliseconds: 500 },
          ...(quiet ? {} : { onProgress: (build: BuildDetail) => progress.update(build) }),
        }),
    );
  } finally {
    ended.abort();
    await log;
    progress.end();
  }
}

/** Shows the log beside the stages. That it cannot be read is shown there too, and ends no waiting. */
async function followLog(
  engine: LinuxBuilderClient,
  id: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const line of engine.streamLogs(id, { signal })) progress.log(line);
  } catch (error) {
    if (signal.aborted) return;
    const text = `the log cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    progress.log({ at: 0, stage: '-', step: '-', stream: 'agent', text });
  }
}
