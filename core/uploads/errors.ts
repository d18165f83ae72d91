/** Errors of uploads, as core/error-catalogue.ts has all of them. */
export const uploadErrors = {
  'upload.not_found': {
    status: 404,
    title: 'There is no such upload',
    remedy: 'List uploads with GET /v1/uploads, or declare this one with POST /v1/uploads.',
  },
  'upload.in_use': {
    status: 409,
    title: 'A build that has not ended uses the upload',
    remedy:
      'Wait until the builds that `detail` names have ended, or cancel them; then wait a minute from its last use.',
  },
  'upload.too_large': {
    status: 422,
    title: 'The upload is too large',
    remedy: 'Upload at most 5 GiB; let a step fetch more, or split the file.',
  },
  'upload.size_conflict': {
    status: 409,
    title: 'The upload is stored with another size',
    remedy: 'Give the size that `detail` names, or the digest of the file that you mean.',
  },
  'upload.no_room': {
    status: 409,
    title: 'The uploads of the tenant have no room left',
    remedy: 'Remove uploads that you no longer need (DELETE /v1/uploads/{sha256}), or wait until they expire.',
  },
  'upload.gone': {
    status: 409,
    title: 'An upload of the build is no longer stored',
    remedy: 'Upload the file again (`lbuild uploads add FILE`) and resume the build.',
  },
} as const;
