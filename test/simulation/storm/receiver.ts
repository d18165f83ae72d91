import type { WebhookAnswer, WebhookRequest, WebhookSender } from '../../../core/ports/webhook-sender.ts';
import type { Manner } from './weather.ts';

/** A request as it came to an endpoint. */
export interface Received {
  readonly url: string;
  readonly id: string;
  readonly body: string;
  readonly wasTaken: boolean;
}

/** Attempts of a delivery that are answered by an endpoint's manner. */
const unwilling = 2;
/** Requests that a busy endpoint puts off, whichever they are: each keeps all others away for a while. */
const busyFor = 3;
/** Milliseconds after which no answer is waited for (core/webhooks/limits.ts). */
const patience = 15_000;

/** Manners in which a receiver takes nothing, however often it is asked. */
export const refusing: ReadonlySet<Manner> = new Set(['is gone', 'never answers well']);

const answered = (status: number, retryAfter?: string): WebhookAnswer => ({
  ...{ kind: 'answered', status, body: status < 300 ? '' : 'no', truncated: false },
  ...(retryAfter === undefined ? {} : { retryAfter }),
});
const unanswered: WebhookAnswer = { kind: 'unanswered', reason: 'no answer came in time' };

/** Milliseconds until a manner's answer, and what it is. */
const answers: Readonly<Record<Manner, { readonly after: number; readonly answer: WebhookAnswer }>> = {
  takes: { after: 80, answer: answered(204) },
  'is slow': { after: 9_000, answer: answered(200) },
  fails: { after: 2_000, answer: answered(500) },
  redirects: { after: 50, answer: answered(302) },
  'is busy': { after: 50, answer: answered(429, '90') },
  'is silent': { after: patience, answer: unanswered },
  'takes and is not heard': { after: patience, answer: unanswered },
  'is gone': { after: 50, answer: answered(410) },
  'never answers well': { after: 3_000, answer: answered(503) },
};
const taking: ReadonlySet<Manner> = new Set(['takes', 'is slow', 'takes and is not heard']);

/** The receivers of all endpoints: each answers by its manner in its own time, and remembers whatever came. */
export class Receiver implements WebhookSender {
  readonly received: Received[] = [];
  readonly #manners: ReadonlyMap<string, Manner>;
  readonly #sleep: (milliseconds: number) => Promise<void>;
  readonly #attempts = new Map<string, number>();

  /**
   * @param manners by address
   * @param sleep on the clock of who sends
   */
  constructor(manners: ReadonlyMap<string, Manner>, sleep: (milliseconds: number) => Promise<void>) {
    this.#manners = manners;
    this.#sleep = sleep;
  }

  async send({ url, headers, body }: WebhookRequest): Promise<WebhookAnswer> {
    const id = headers['webhook-id'] ?? '';
    const manner = this.#mannerOf(url, id);
    this.received.push({ url, id, body, wasTaken: taking.has(manner) });
    const { after, answer } = answers[manner];
    await this.#sleep(after);
    return answer;
  }

  /** How this one is answered: the others take in the end what they are asked to. */
  #mannerOf(url: string, id: string): Manner {
    const manner = this.#manners.get(url) ?? 'takes';
    const counted = manner === 'is busy' ? url : id;
    const attempts = (this.#attempts.get(counted) ?? 0) + 1;
    this.#attempts.set(counted, attempts);
    const most = manner === 'is busy' ? busyFor : unwilling;
    return refusing.has(manner) || manner === 'is slow' || attempts <= most ? manner : 'takes';
  }
}
