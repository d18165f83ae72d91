/** Errors of usage and billing, as core/error-catalogue.ts has all of them. */
export const billingErrors = {
  'budget.exceeded': {
    status: 402,
    title: 'A budget is spent',
    remedy: 'Wait until `freesAt`, or have the budget raised or its hard stop taken off: PUT /v1/billing/budget.',
  },
  'budget.not_found': {
    status: 404,
    title: 'There is no budget',
    remedy: 'Set one: PUT /v1/billing/budget, or that of the team.',
  },
  'invoice.not_found': {
    status: 404,
    title: 'There is no invoice of this month',
    remedy: 'See GET /v1/billing/invoices; the month that runs is at /v1/billing/preview.',
  },
  'rates.begun': {
    status: 409,
    title: 'The version of the rate card has begun',
    remedy: 'Add a version that begins on a day to come: what was used stays priced as it was.',
  },
  'rates.not_found': {
    status: 404,
    title: 'There is no such version of the rate card',
    remedy: 'See GET /v1/billing/rates.',
  },
  'rates.too_many': {
    status: 409,
    title: 'The rate card has too many versions',
    remedy: 'Replace a version that has not begun instead.',
  },
} as const;
