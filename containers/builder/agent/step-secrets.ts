import { StepError } from '../step-error.ts';
import { type Exchange, ExchangeError } from './exchange-client.ts';
import type { AttemptLog } from './log.ts';

/**
 * Secrets of the stage's steps, from the engine as they are needed. The log shows none from then on.
 * @throws (the answer) StepError secret.not_found where it was removed after the stage began, secret.damaged; ExchangeError, TicketRefused
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
      const code = error instanceof ExchangeError ? error.code : undefined;
      if (code === 'secret.not_found') throw new StepError(code, `The tenant has no secret ${name} any more.`);
      if (code === 'secret.damaged') throw new StepError(code, `The secret ${name} cannot be opened: set it again.`);
      throw error;
    }
  };
}
