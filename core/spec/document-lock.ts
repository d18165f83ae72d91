/** What the reference says of locks and snapshots beside the tables of their fields. */
export const lockNotes: readonly string[] = [
  '## Locks and snapshots',
  '',
  '`lock` is the SHA-256 of a lock’s file: the build takes packages of exactly its versions and digests, and no others. The',
  'lock itself is sent beside the spec, which it may be larger than: `lbuild start SPEC --lock FILE` does both. A spec that',
  'installs what the lock has not is refused (`lock.does_not_fit`), and so is one of another `base`, with',
  'other archives, or with a pin that the lock does not keep. More in [lock.md](lock.md).',
  '',
  '`base.snapshot` pins the archive by date, where the operator has set an archive that keeps old states',
  '(`archives.snapshot`). What is read there must be signed as ever, but may have expired. The image keeps the address of',
  'the present archive among its sources, so that it can be updated.',
  '',
];
