/** Errors of webhooks, as core/error-catalogue.ts has all of them. */
export const webhookErrors = {
  'webhook.not_found': {
    status: 404,
    title: 'There is no such webhook',
    remedy: 'See GET /v1/webhooks (`lbuild webhooks ls`) for those that there are.',
  },
  'webhook.too_many': {
    status: 409,
    title: 'The tenant has as many webhooks as it may',
    remedy: 'Remove one that nothing needs any more, or have one take more types of events.',
  },
  'webhook.url_refused': {
    status: 422,
    title: 'Webhooks are not sent to this address',
    remedy: 'Give the https address of a public host.',
  },
  'webhook.secrets_too_many': {
    status: 409,
    title: 'The webhook has as many secrets as may live at once',
    remedy: 'Wait until one of those before has ended, or rotate with a shorter overlap.',
  },
  'webhook.delivery_not_found': {
    status: 404,
    title: 'The webhook has no such delivery',
    remedy: 'See GET /v1/webhooks/{id}/deliveries; deliveries are kept for 30 days.',
  },
} as const;
