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
    title: 'The vulnerability data is larger than is read',
    remedy: 'Mirror the data of the releases that are built here, and leave out the others.',
  },
  'vulnerabilities.mirror_unreachable': {
    status: 502,
    title: 'The mirror of vulnerability data does not answer',
    remedy:
      'Correct the address of the source, or have its server answer; the data that there is stays in use until then.',
  },
  'vulnerabilities.not_configured': {
    status: 409,
    title: 'The installation has no source of vulnerability data',
    remedy: 'Ask the operator to mirror vulnerability data and to name its addresses.',
  },
  'vulnerabilities.not_scannable': {
    status: 409,
    title: 'The build has no image that could be scanned',
    remedy: 'Scan a build that has succeeded.',
  },
  'vulnerabilities.packages_gone': {
    status: 410,
    title: 'The list of packages of the build is no longer stored',
    remedy: 'Build it again (`lbuild retry BUILD`): the new build is scanned at its end.',
  },
  'vulnerabilities.no_data': {
    status: 409,
    title: 'There is no vulnerability data for the release',
    remedy: 'Mirror the data of the release; until then nothing is known of its packages, good or bad.',
  },
} as const;
