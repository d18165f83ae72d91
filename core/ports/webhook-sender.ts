/** A request to an address that a tenant chose. */
export interface WebhookRequest {
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came of it. */
export type WebhookAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The header Retry-After as it came. */
      readonly retryAfter?: string;
      /** The begin of the body, read as UTF-8. */
      readonly body: string;
      /** More came than is kept, or it did not end in time. */
      readonly truncated: boolean;
    }
  /** The address may not be asked: nothing was sent. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** No answer came, in time or at all; the request may have arrived. */
  | { readonly kind: 'unanswered'; readonly reason: string };

/** Sends webhooks: to public addresses alone, but for hosts that the operator has named. */
export interface WebhookSender {
  /**
   * Posts a body once. A redirect is an answer like any other, and not followed. It ends within the time limit, whatever
   * the other side does.
   * @throws Error where the engine itself is being stopped: nobody knows whether it arrived
   */
  send(request: WebhookRequest): Promise<WebhookAnswer>;
}
