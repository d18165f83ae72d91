/** What an operator does about an alarm stands in docs/operations/<name>.md; each has the alarm that leads to it. */
export const runbooks = [
  'api-failures',
  'dead-letters',
  'executions-failed',
  'executions-throttled',
  'function-failures',
  'function-throttles',
  'outbox-stands',
  'plugin-runs',
  'queue-stands',
  'table-throttles',
  'vulnerability-data-old',
] as const;
export type Runbook = (typeof runbooks)[number];

/** The last words of an alarm's description. */
export const runbookHint = (runbook: Runbook): string => `What to do: docs/operations/${runbook}.md`;
