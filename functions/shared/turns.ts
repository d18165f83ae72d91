import { EngineError } from '../../core/errors.ts';

/**
 * Lets tasks that need much memory run one at a time in this process, in the order in which they come. A Lambda has one
 * at a time anyway; the engine of one machine serves all requests.
 * @param mostWaiting tasks that wait beside the one that runs; further ones are refused
 */
export function createTurns(mostWaiting: number): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  let inside = 0;
  return (task) => {
    if (inside > mostWaiting) {
      throw new EngineError('service.unavailable', 'Too many such requests are being served.');
    }
    inside += 1;
    const turn = last.then(task).finally(() => {
      inside -= 1;
    });
    last = turn.catch(() => undefined);
    return turn;
  };
}
