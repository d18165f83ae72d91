/** The public half of the key that signs evidence. */
export interface SigningKey {
  /** SHA-256 of the key's SubjectPublicKeyInfo in DER, in lower-case hexadecimal: who has the key can compute it. */
  readonly keyId: string;
  /** SubjectPublicKeyInfo in PEM. */
  readonly publicKey: string;
}

/** Signs evidence with the installation's own key, which never leaves what holds it: KMS, or a file of one machine. */
export interface Signer {
  /** @throws EngineError service.unavailable */
  key(): Promise<SigningKey>;
  /**
   * ECDSA on P-256 with SHA-256, in DER. Two signatures of the same bytes differ.
   * @throws EngineError service.unavailable
   */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}
