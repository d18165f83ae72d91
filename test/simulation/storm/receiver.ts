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

/** The receivers of all endpoints: each answers by its manner, and remembers whatever came. */
export class Receiver implements WebhookSender {
  readonly received: Received[] = [];
  readonly #manners: ReadonlyMap<string, Manner>;
  readonly #attempts = new Map<string, number>();

  constructor(manners: ReadonlyMap<string, Manner>) {
    this.#manners = manners;
  }

  async send({ url, headers, body }: WebhookRequest): Promise<WebhookAnswer> {
    const id = headers['webhook-id'] ?? '';
    const attempts = (this.#attempts.get(id) ?? 0) + 1;
    this.#attempts.set(id, attempts);
    const manner = attempts > unwilling ? 'takes' : (this.#manners.get(url) ?? 'takes');
    const wasTaken = manner === 'takes' || manner === 'takes and is not heard';
    this.received.push({ url, id, body, wasTaken });
    switch (manner) {
      case 'takes':
        return { kind: 'answered', status: 204, body: '', truncated: false };
      case 'fails':
        return { kind: 'answered', status: 500, body: 'no', truncated: false };
      case 'redirects':
        return { kind: 'answered', status: 302, body: '', truncated: false };
      default:
        return { kind: 'unanswered', reason: 'no answer came in time' };
    }
  }
}
