import { check } from '../check.ts';
import { judged } from '../verdicts.ts';

/** What a package brought is what its makers signed. */
export const packagesUnchanged = check({
  id: 'packages-unchanged',
  title: 'Files of packages are as the packages brought them',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['Software'], hipaa: ['164.312(c)(1)', '164.312(c)(2)'], soc2: ['CC6.8'] },
  how: 'The MD5 of each file is compared with what its package’s md5sums says; configuration files are not among them. That the packages themselves are the archive’s is checked when they are installed.',
  remedy: 'Install the package again, or divert the file (dpkg-divert) and put your own in its place.',
  judge({ found: { changed, packages, unverified } }) {
    const listed = changed.paths.map((path) => `/${path}: not as its package brought it`);
    const rest = changed.count - listed.length;
    const seen = `${packages.length - unverified.count} packages: every file is as they brought it`;
    const without =
      unverified.count === 0
        ? []
        : [`${unverified.count} packages bring no checksums: ${unverified.paths.slice(0, 20).join(', ')}`];
    return judged([...listed, ...(rest > 0 ? [`${rest} more files`] : [])], [seen, ...without]);
  },
});
