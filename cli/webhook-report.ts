import type { Webhook, WebhookDelivery, WebhookDeliveryDetail } from '../sdk/generated/types.gen.ts';

const minute = (time: string): string => `${time.slice(0, 16)}Z`;

/** A webhook in one line. */
export function webhookLine({ id, url, events, enabled, disabled, failingSince }: Webhook): string {
  const failing = failingSince === undefined ? '' : `  failing since ${minute(failingSince)}`;
  const state = enabled ? `enabled${failing}` : `disabled (${disabled?.reason ?? 'asked'})`;
  return `${id}  ${url}  ${events.join(',')}  ${state}`;
}

/** A webhook in some lines. */
export function webhookText(webhook: Webhook): string {
  const { teamId, description, secrets } = webhook;
  return [
    webhookLine(webhook),
    ...(description === '' ? [] : [`  ${description}`]),
    ...(teamId === undefined ? [] : [`  team ${teamId}`]),
    ...secrets.map(({ version, createdAt, expiresAt }) => {
      const ends = expiresAt === undefined ? '' : `, signs until ${minute(expiresAt)}`;
      return `  secret ${version} of ${minute(createdAt)}${ends}`;
    }),
  ].join('\n');
}

/** A delivery in one line. */
export function deliveryLine({ id, type, at, state, attempts, status, reason, nextAt }: WebhookDelivery): string {
  const came = reason ?? (status === undefined ? '' : `answered ${status}`);
  const next = nextAt === undefined ? '' : `  next ${minute(nextAt)}`;
  return `${id}  ${minute(at)}  ${type}  ${state}  ${attempts} attempt(s)${next}${came === '' ? '' : `  ${came}`}`;
}

/** A delivery with its attempts. */
export function deliveryText(delivery: WebhookDeliveryDetail): string {
  const tried = delivery.tried.map(({ number, at, milliseconds, outcome, status, reason, response }) => {
    const came = reason ?? (status === undefined ? '' : `answered ${status}`);
    const body = response === undefined || response === '' ? '' : `\n    ${response.replaceAll('\n', '\n    ')}`;
    return `  ${number}  ${at}  ${milliseconds} ms  ${outcome}  ${came}${body}`;
  });
  return [deliveryLine(delivery), `  ${JSON.stringify(delivery.payload)}`, ...tried].join('\n');
}
