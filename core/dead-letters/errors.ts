/** Errors of dead letters, as core/error-catalogue.ts has all of them. */
export const deadLetterErrors = {
  'dead_letter.not_found': {
    status: 404,
    title: 'There is no such dead letter',
    remedy: 'See GET /v1/dead-letters for those that there are.',
  },
  'dead_letter.no_event': {
    status: 409,
    title: 'The dead letter has no event that could be told again',
    remedy: 'Mend its cause by hand, or wait for the sweep that does the same work; then discard it.',
  },
} as const;
