/** Errors of vulnerability data, as core/error-catalogue.ts has all of them. */
export const vulnerabilityErrors = {
  'vulnerabilities.data_unreadable': {
    status: 422,
    title: 'The vulnerability data cannot be read',
    remedy:
      'Give the JSON of the Debian security tracker, or OSV documents: one, a list of them, or one a line. `detail` says what was found.',
  },
  'vulnerabilities.data_unsupported': {
    status: 422,
    title: 'The vulnerability data is of a form that is not read',
    remedy: 'Mirror the JSON of the Debian security tracker, or OSV documents: they tell what OVAL files do.',
  },
  'vulnerabilities.data_too_large': {
    status: 422,
    title: 'The vulnerability data has more entries than are read',
    remedy: 'Mirror the data of the releases that are built here, and leave out the others.',
  },
  'vulnerabilities.no_data': {
    status: 409,
    title: 'There is no vulnerability data for the release',
    remedy: 'Mirror the data of the release; until then nothing is known of its packages, good or bad.',
  },
} as const;
