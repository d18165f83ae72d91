import { check } from '../check.ts';
import { wrongModes } from '../file-modes.ts';
import { judged } from '../verdicts.ts';

const open = ['etc/passwd', 'etc/passwd-', 'etc/group', 'etc/group-', 'etc/shells'];
const closed = ['etc/shadow', 'etc/shadow-', 'etc/gshadow', 'etc/gshadow-'];

/** Who has which password is nobody’s to read, and who has an account nobody’s to change. */
export const accountFileModes = check({
  id: 'account-file-modes',
  title: 'Only root writes the account databases, and others read no hashes',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['File modes'], hipaa: ['164.312(a)(1)'], 'pci-dss': ['2.2.6', '8.3.2'] },
  how: 'passwd, group and shells are 0644 of root or less, shadow and gshadow 0640 of root and shadow or less, opasswd 0600; none has an access control list.',
  remedy: 'Set the modes and owners that Debian gives them.',
  judge({ tree, found }) {
    const { wrong, seen } = wrongModes(tree, found, [
      ...open.map((path) => ({ path, mode: 0o644 })),
      ...closed.map((path) => ({ path, mode: 0o640, groups: ['root', 'shadow'] })),
      { path: 'etc/security/opasswd', mode: 0o600 },
    ]);
    const missing = ['etc/passwd', 'etc/shadow', 'etc/group'].filter((path) => tree.find(path) === undefined);
    return judged(
      [...wrong, ...missing.map((path) => `/${path}: there is none`)],
      [`${seen.length} account databases`, ...seen],
    );
  },
});
