import { StepError } from '../step-error.ts';
import { type Exchange, ExchangeError } from './exchange-client.ts';
import type { AttemptLog } from './log.ts';

/**
 * Secrets of the stage's steps, from the engine as they are needed. The log shows none from then on.
 * @throws (the answer) StepError secret.not_found where it was removed after the stage began; ExchangeError, TicketRefused
 */
export function stepSecrets(
  exchange: Exchange,
  log: Pick<AttemptLog, 'hide'>,
): (step: string, name: string) => Promise<string> {
  return async (step, name) => {
    try {
      const { value } = await exchange.ask({ kind: 'secret', step, name }, 'secret');
      log.hide(value);
      return value;
    } catch (error) {
      if (!(error instanceof ExchangeError) || error.code !== 'secret.not_found') throw error;
      throw new StepError('secret.not_found', `The tenant has no secret ${name} any more.`);
    }
  };
}
