/** Errors of scans, as core/error-catalogue.ts has all of them. */
export const scanErrors = {
  'scan.not_found': {
    status: 404,
    title: 'There is no such scan',
    remedy: 'See the scans of the build (`lbuild compliance scans BUILD`).',
  },
  'scan.damaged': {
    status: 410,
    title: 'What a scan found is no longer stored',
    remedy:
      'Scan the build again (`lbuild compliance recheck BUILD`, `lbuild scan BUILD`); where its artifacts are removed for good, its evidence has what was found at its end.',
  },
  'compliance.not_judged': {
    status: 409,
    title: 'The build was not judged by compliance profiles',
    remedy: 'Name profiles in the section `compliance` of the spec, and build it again.',
  },
  'compliance.inspection_gone': {
    status: 410,
    title: 'What the build was judged by is no longer stored',
    remedy: 'Build it again (`lbuild retry BUILD`): the new build is judged by the checks of today.',
  },
} as const;
