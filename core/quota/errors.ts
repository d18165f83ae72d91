/** Errors of quotas, as core/error-catalogue.ts has all of them. */
export const quotaErrors = {
  'quota.exceeded': {
    /** Where time frees what is used; 403 where only deleting does, or a larger quota. */
    status: 429,
    title: 'A quota is used up',
    remedy:
      'Try again after `freesAt`. Where there is none, time frees nothing: ask for a larger quota. See GET /v1/quota.',
  },
} as const;
