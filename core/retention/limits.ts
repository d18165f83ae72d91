/** Bounds of retention, so that a decision reads a page and a removal is one transaction of at most 100 writes. */
export const retentionLimits = {
  policies: 50,
  /** Entries of a list of a policy's condition. */
  listed: 50,
  tags: 20,
  /** Each of the newest that a policy keeps is checked in the transaction that removes one beyond them. */
  newest: 50,
  days: 3_650,
  /** Days that the trash keeps what is in it, unless the tenant says otherwise. */
  usualTrashDays: 7,
  mostTrashDays: 90,
  /** Days before an image expires that this is told. */
  usualNoticeDays: 3,
  mostNoticeDays: 30,
  /** Legal holds of a tenant that are not released. */
  holds: 1_000,
  /** Days for which what a cleanup did can be read. */
  reportDays: 90,
} as const;
