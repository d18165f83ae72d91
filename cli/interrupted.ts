import { CliFailure } from './failure.ts';

/**
 * Runs work that Ctrl-C or a request to end (SIGTERM) breaks off, so that it can tidy up.
 * @throws CliFailure cli.interrupted with these words where it was broken off
 */
export async function untilInterrupted<T>(
  detail: string,
  remedy: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.once(name, interrupt);
  try {
    return await work(interrupted.signal);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    throw new CliFailure('interrupted', { code: 'cli.interrupted', detail, remedy });
  } finally {
    for (const name of signals) process.removeListener(name, interrupt);
  }
}
