/**
 * Runs workers beside each other, to the end of all. Where one fails the others are told by their signal.
 * @param work gets its number, from 0, and the signal
 * @throws what the first that failed threw, once all have ended
 */
export async function inParallel(
  count: number,
  signal: AbortSignal,
  work: (worker: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failing = new AbortController();
  let failed: { readonly error: unknown } | undefined;
  const joined = AbortSignal.any([signal, failing.signal]);
  await Promise.all(
    Array.from({ length: count }, async (_, worker) => {
      try {
        await work(worker, joined);
      } catch (error) {
        failed ??= { error };
        failing.abort(error);
      }
    }),
  );
  if (failed !== undefined) throw failed.error;
}
