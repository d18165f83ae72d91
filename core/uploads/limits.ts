/** Bounds of uploads, each with its reason. */
export const uploadLimits = {
  /** Bytes of one upload: what S3 takes by one PUT, whose checksum is that of the whole. */
  bytes: 5 * 1024 ** 3,
  /**
   * Bytes of all uploads of one spec: a builder's disk holds them as they come, in the tree and in the layer, and its tree
   * may have 16 GiB (functions/orchestration/prepare-stage).
   */
  specBytes: 8 * 1024 ** 3,
  /** Bytes that a tenant's uploads may have together, declared ones included: nobody fills the store by asking. */
  tenantBytes: 100 * 1024 ** 3,
  /** Characters of a name: NAME_MAX of Linux, since most names are those of files. */
  nameLength: 255,
  /** Seconds that a signed PUT can be begun in: as a builder's URLs, less than the hour of its signer's session. */
  urlSeconds: 2_700,
  /** Milliseconds that a declared upload waits for its bytes: a day, far longer than its URL lives. */
  pendingMilliseconds: 86_400_000,
  /** Milliseconds that a stored upload stays after its last use: 30 days. */
  keptMilliseconds: 30 * 86_400_000,
  /** How long an upload lives is noted to within an hour. */
  noteMilliseconds: 3_600_000,
  /** That a build uses it is noted to within so long: builds that are started all at once do not all write one record. */
  useNoteMilliseconds: 10_000,
  /**
   * Milliseconds after such a use in which it is not removed, whatever builds are found: the request that starts one may
   * take 29 s, an index shows it later yet, and the note may be older than the use by the time above.
   */
  settleMilliseconds: 60_000,
} as const;
