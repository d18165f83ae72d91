/** Errors of secrets and of where they are used, as core/error-catalogue.ts has all of them. */
export const secretErrors = {
  'secret.not_found': {
    status: 404,
    title: 'There is no such secret',
    remedy: 'Set it with `lbuild secrets set NAME`; `lbuild secrets list` shows those that there are.',
  },
  'secret.too_many': {
    status: 409,
    title: 'The tenant has as many secrets as it may',
    remedy: 'Remove one that nothing needs any more: `lbuild secrets remove NAME`.',
  },
  'archive.unauthorized': {
    status: 422,
    title: 'An archive of the spec does not take the user and password',
    remedy:
      'Correct the credentials of the archive that `detail` names, and set the secret of its password anew: `lbuild secrets set NAME`.',
  },
  'secret.damaged': {
    status: 500,
    title: 'A stored secret cannot be opened',
    remedy: 'Set the secret again: its stored value, or the key that it was sealed with, is not what it was.',
  },
} as const;
