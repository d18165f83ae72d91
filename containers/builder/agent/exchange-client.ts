import { z } from 'zod';
import { type ExchangeRequest, type ExchangeResponse, exchangeResponseSchema } from '../../../core/builds/exchange.ts';
import { withRetries } from './retry.ts';

/** The ticket is not accepted: the attempt is over, and whatever is done from now on counts for nothing. */
export class TicketRefused extends Error {
  constructor() {
    super('the ticket is refused: this attempt has ended');
    this.name = 'TicketRefused';
  }
}

/** The engine refused a question, or did not answer it. */
export class ExchangeError extends Error {
  readonly temporary: boolean;
  /** The engine's code of its refusal, where it gave one. */
  readonly code: string | undefined;
  constructor(reason: string, temporary: boolean, code?: string) {
    super(reason);
    this.name = 'ExchangeError';
    this.temporary = temporary;
    this.code = code;
  }
}

const problemSchema = z.looseObject({ code: z.string(), detail: z.string().optional() });
const answerMilliseconds = 25_000;

export interface Exchange {
  /** @throws TicketRefused; ExchangeError where the engine refuses or stays away through all retries */
  ask<Kind extends ExchangeResponse['kind']>(
    request: ExchangeRequest,
    kind: Kind,
  ): Promise<Extract<ExchangeResponse, { kind: Kind }>>;
}

async function askOnce(url: string, ticket: string, request: ExchangeRequest, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${ticket}`, 'content-type': 'application/json' },
    body: JSON.stringify(request),
    signal: AbortSignal.any([signal, AbortSignal.timeout(answerMilliseconds)]),
    redirect: 'error',
  }).catch((error: unknown) => {
    throw new ExchangeError(error instanceof Error ? error.message : 'the connection failed', true);
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body;
  const problem = problemSchema.safeParse(body);
  const code = problem.success ? problem.data.code : `status ${response.status}`;
  if (code === 'ticket.refused') throw new TicketRefused();
  const detail = problem.success ? (problem.data.detail ?? '') : '';
  // A ciphertext that cannot be opened stays so.
  const passing = code !== 'secret.damaged' && (response.status >= 500 || response.status === 429);
  throw new ExchangeError(`${code}: ${detail}`, passing, code);
}

/** The exchange as one stage's agent uses it: `ask` retries what may pass. */
export function openExchange(options: {
  readonly url: string;
  readonly ticket: string;
  readonly signal: AbortSignal;
  readonly random: () => number;
}): Exchange {
  return exchangeOver((request) =>
    withRetries(
      () => askOnce(options.url, options.ticket, request, options.signal),
      (error) => error instanceof ExchangeError && error.temporary,
      options,
    ),
  );
}

/** An exchange over any way to ask: its answers are checked. */
export function exchangeOver(ask: (request: ExchangeRequest) => Promise<unknown>): Exchange {
  return {
    async ask(request, kind) {
      const answer = exchangeResponseSchema.parse(await ask(request));
      if (!isKind(answer, kind))
        throw new ExchangeError(`the engine answered ${answer.kind} to ${request.kind}`, false);
      return answer;
    },
  };
}

function isKind<Kind extends ExchangeResponse['kind']>(
  answer: ExchangeResponse,
  kind: Kind,
): answer is Extract<ExchangeResponse, { kind: Kind }> {
  return answer.kind === kind;
}
