/** Errors of uploads, as core/error-catalogue.ts has all of them. */
export const uploadErrors = {
  'upload.not_found': {
    status: 404,
    title: 'There is no such upload',
    remedy: 'List uploads with GET /v1/uploads, or declare this one with POST /v1/uploads.',
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
    remedy: 'Wait until uploads that nobody uses expire; see `expiresAt` in GET /v1/uploads.',
  },
  'upload.gone': {
    status: 409,
    title: 'An upload of the build is no longer stored',
    remedy: 'Upload the file again (`lbuild uploads add FILE`) and resume the build.',
  },
} as const;
