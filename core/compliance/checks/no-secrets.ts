import { check } from '../check.ts';
import { judged } from '../verdicts.ts';

/** What opens something else is not handed out with the image. */
export const noSecrets = check({
  id: 'no-secrets',
  title: 'No private key and no token lies in the image',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['Secrets'], hipaa: ['164.312(a)(1)'], 'pci-dss': ['8.6.2', '3.6.1'], soc2: ['CC6.1'] },
  how: 'Files that are not as a package brought them are searched for private keys, and for tokens by the forms that their makers give them.',
  remedy: 'Have each machine make or fetch its own at its first boot, and take the file out.',
  judge({ found: { secrets } }) {
    const listed = secrets.found.map(
      ({ path, kind, line }) => `/${path}${line === undefined ? '' : `:${line}`}: ${kind}`,
    );
    const rest = secrets.count - listed.length;
    return judged([...listed, ...(rest > 0 ? [`${rest} more`] : [])], ['no private key and no token was found']);
  },
});
