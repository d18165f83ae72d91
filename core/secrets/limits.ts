/** Bounds of secrets, each with its reason. */
export const secretLimits = {
  /** Bytes of a value: what a key of KMS encrypts in one request. */
  valueBytes: 4_096,
  /** Characters of a name. */
  nameLength: 64,
  /** Of a tenant: a spec has at most 8 archives, and a page of the list shows all that there are. */
  perTenant: 100,
} as const;
