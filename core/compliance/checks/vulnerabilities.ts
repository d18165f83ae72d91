import { check } from '../check.ts';
import { fail, manual, pass } from '../verdicts.ts';

/** What is known to be broken, and could be mended, is not in it. */
export const vulnerabilities = check({
  id: 'vulnerabilities',
  title: 'No known vulnerability is left that an update mends',
  severity: 'high',
  tag: 'image',
  clauses: { 'pci-dss': ['6.3.3', '11.3.1'], soc2: ['CC7.1'] },
  how: 'The installed packages are matched against the installation’s vulnerability data; findings of a high or critical severity count.',
  remedy: 'Build the image anew, so that the fixed versions come into it.',
  judge({ build: { vulnerabilities: known } }) {
    if (known === undefined) return manual('the installation has no vulnerability data');
    const told = `${known.open} of a high or critical severity, ${known.fixable} of them with a fix, by data of ${known.dataFrom}`;
    return known.fixable === 0 ? pass(told) : fail(told);
  },
});
