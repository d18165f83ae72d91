/** Bounds of what a tenant keeps here, so that each list is a few pages and each removal one transaction. */
export const accessLimits = {
  members: 1_000,
  customRoles: 50,
  rolesOfMember: 10,
  /** Keys of one member that are not revoked. */
  keysOfMember: 20,
  addressRanges: 20,
  /** Days for which a revoked key is still listed. */
  revokedKeyDays: 90,
  /** Seconds that two keys of a rotation live side by side, unless said otherwise: a week. */
  rotationSeconds: 7 * 86_400,
} as const;
