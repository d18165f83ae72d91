/** What a sealed text belongs to: where it stands under anything else, it cannot be opened. */
export interface SealedFor {
  readonly tenantId: string;
  readonly name: string;
  readonly version: number;
}

/** Keeps the values of secrets from whoever reads the table: a key of KMS's, or of one machine's, seals and opens them. */
export interface Vault {
  /**
   * Encrypts a text of at most 4,096 bytes of UTF-8. Two seals of the same text differ.
   * @returns the ciphertext in base64
   * @throws EngineError service.unavailable
   */
  seal(owner: SealedFor, text: string): Promise<string>;
  /**
   * @throws EngineError service.unavailable where the key cannot be had; secret.damaged where the ciphertext was altered,
   *   or was sealed for another tenant, name or version
   */
  open(owner: SealedFor, sealed: string): Promise<string>;
}
