import { EngineError } from '../errors.ts';

/** Times that a change is tried while others change the same thing: each try that fails is somebody else's success. */
const mostTries = 20;

/**
 * Tries a change until it is done.
 * @param attempt answers undefined where somebody else was faster, and it is to be looked at anew
 * @throws EngineError service.unavailable where others are faster all the time
 */
export async function untilDone<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const done = await attempt();
    if (done !== undefined) return done;
  }
  throw new EngineError('service.unavailable', 'Others are changing the same thing all the time.');
}
