/**
 * Where copies of audit logs are kept from everybody: what is written there can be neither changed nor deleted for as
 * long as the operator has said. On one machine it is a bucket like any other, which its owner may change.
 */
export interface AuditArchive {
  /** Names that begin so, in their order; the next page by the cursor of the one before. */
  names(prefix: string, cursor?: string): Promise<{ names: readonly string[]; cursor?: string }>;
  /** Writes a file once; one that is there is left as it is. */
  put(name: string, body: Uint8Array): Promise<void>;
}
