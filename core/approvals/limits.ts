/** Bounds of approvals, each with its reason. */
export const approvalLimits = {
  /** Policies of a tenant: one query reads them all, for each build that comes to a gate. */
  policies: 50,
  /** Entries of each list of a policy. */
  listed: 50,
  quorum: 10,
  /** Seconds of the shortest validity: somebody must be able to look in between. */
  leastSeconds: 60,
  /** Seconds of the longest, 90 days: an approval is of what people knew then. */
  mostSeconds: 90 * 86_400,
  /** Seconds unless said otherwise: a week. */
  usualSeconds: 7 * 86_400,
  /** Characters of a comment. */
  comment: 1_000,
  /** Approvals that are kept for one spec, or one build: with their comments they fit into one record. */
  votes: 50,
} as const;
