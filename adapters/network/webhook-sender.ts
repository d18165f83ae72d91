import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { WebhookAnswer, WebhookRequest, WebhookSender } from '../../core/ports/webhook-sender.ts';
import { addressFault } from '../../core/webhooks/address.ts';
import { webhookLimits } from '../../core/webhooks/limits.ts';
import type { WebProxy } from '../../core/wiring/proxy.ts';
import { AddressRefused } from './address-refused.ts';
import { answerTo } from './answer-to.ts';
import { guardedConnect, type ResolveName } from './guarded-fetch.ts';

export interface WebhookSenderOptions {
  /** Hosts that may have private addresses and be spoken to without TLS. */
  readonly privateHosts: readonly string[];
  readonly proxy?: WebProxy | undefined;
  /** Aborted when the engine is stopped: what is being sent is given up then. */
  readonly stopping?: AbortSignal;
  /** Certificates that are trusted beside the system's, and how names are resolved: tests have their own. */
  readonly ca?: string;
  readonly resolve?: ResolveName;
  /** Milliseconds in which an answer must be there. */
  readonly answerMilliseconds?: number;
}

/**
 * Posts to addresses of tenants, by the guard that their archives are asked by: each address that a name has at that
 * moment is judged, and one of those is connected to. Connections are never kept.
 */
export function createWebhookSender(options: WebhookSenderOptions): WebhookSender {
  const { privateHosts, proxy, stopping, ca, answerMilliseconds = webhookLimits.answerMilliseconds } = options;
  const known = privateHosts.map((host) => host.toLowerCase());
  const connect = guardedConnect(known, proxy, options.resolve);
  return {
    async send(request) {
      const fault = addressFault(request.url, known);
      if (fault !== undefined) return { kind: 'refused', reason: `The address is refused: ${fault.reason}.` };
      const late = AbortSignal.timeout(answerMilliseconds);
      const signal = stopping === undefined ? late : AbortSignal.any([late, stopping]);
      const url = new URL(request.url);
      try {
        const connection = await connect(url, signal);
        const message = await post(url, request, { ...connection, signal, ...(ca === undefined ? {} : { ca }) });
        return await answerOf(message, signal, stopping);
      } catch (error) {
        stopping?.throwIfAborted();
        return failureOf(error, late, answerMilliseconds);
      }
    },
  };
}

function post(
  url: URL,
  { headers, body }: WebhookRequest,
  options: RequestOptions & { readonly ca?: string },
): Promise<IncomingMessage> {
  const bytes = Buffer.from(body);
  const given = {
    ...{ ...options, method: 'POST', maxHeaderSize: 16_384 },
    headers: { ...headers, 'content-length': String(bytes.byteLength), connection: 'close' },
  };
  return answerTo(url.protocol === 'https:' ? httpsRequest(url, given) : httpRequest(url, given), bytes);
}

/**
 * What came. The status tells how it went, so a body that goes on for ever or does not end in time is cut, and no
 * failure.
 */
async function answerOf(
  message: IncomingMessage,
  signal: AbortSignal,
  stopping: AbortSignal | undefined,
): Promise<WebhookAnswer> {
  const { statusCode: status = 0, headers } = message;
  const pieces: Uint8Array[] = [];
  let length = 0;
  let whole = false;
  try {
    for await (const piece of message) {
      const bytes: Uint8Array = piece;
      pieces.push(bytes);
      length += bytes.byteLength;
      if (length > webhookLimits.readBytes || signal.aborted) break;
    }
    whole = message.complete && length <= webhookLimits.keptBytes;
  } catch {
    // Cut by the other side, or by the time limit.
    stopping?.throwIfAborted();
  } finally {
    message.destroy();
  }
  const kept = Buffer.concat(pieces).subarray(0, webhookLimits.keptBytes);
  const retryAfter = headers['retry-after'];
  return {
    ...{ kind: 'answered', status, body: kept.toString('utf8'), truncated: !whole },
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}

/** Why there is no answer. What the network says of itself is told as far as its code, which names no address. */
function failureOf(error: unknown, late: AbortSignal, milliseconds: number): WebhookAnswer {
  if (late.aborted) {
    return { kind: 'unanswered', reason: `It did not answer within ${Math.round(milliseconds / 1_000)} seconds.` };
  }
  if (error instanceof AddressRefused) return { kind: 'refused', reason: 'The host has no public address.' };
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return { kind: 'unanswered', reason: 'The host has no address.' };
  return { kind: 'unanswered', reason: `The connection failed (${code.replaceAll(/[^A-Z0-9_]/gi, '').slice(0, 60)}).` };
}
