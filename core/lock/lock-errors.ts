/** The errors of pinning by date, for the catalogue. */
export const snapshotErrors = {
  'archive.snapshot_not_configured': {
    status: 500,
    title: 'No archive of snapshots is configured',
    remedy:
      'Set archives.snapshot: `--archive-snapshot TEMPLATE` on one machine, `-c archives.snapshot=TEMPLATE` for a deployment.',
  },
} as const;

/** The errors of locks, for the catalogue (core/error-catalogue.ts). */
export const lockErrors = {
  'lock.not_found': {
    status: 404,
    title: 'There is no such lock',
    remedy: 'Send it with POST /v1/locks, or start the build with `lbuild start FILE --lock LOCKFILE`, which does.',
  },
  'lock.not_recorded': {
    status: 409,
    title: 'The build has no lock',
    remedy:
      'A build has one that succeeded and made artifacts, of layers that were made since locks are there: build it again when what it has in the cache is gone.',
  },
  'lock.does_not_fit': {
    status: 422,
    title: 'The lock does not fit the spec',
    remedy: 'Correct the fields named in `errors`, or build without the lock and lock that build.',
  },
  'lock.packages_gone': {
    status: 409,
    title: 'Packages of the lock are gone',
    remedy:
      'Build without the lock and lock that build. What neither the cache nor the archive has can only be had from an archive that keeps old versions.',
  },
} as const;
