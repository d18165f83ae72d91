import { check } from '../check.ts';
import { wrongModes } from '../file-modes.ts';
import { judged, notApplicable } from '../verdicts.ts';

/** What root will run is root’s alone to see. */
export const cronModes = check({
  id: 'cron-modes',
  title: 'Scheduled commands are root’s alone',
  severity: 'low',
  tag: 'image',
  clauses: { base: ['File modes'], 'pci-dss': ['2.2.6'] },
  how: '/etc/crontab is 0600 of root or less, and the folders /etc/cron.* and /var/spool/cron/crontabs are closed to others; none has an access control list.',
  remedy: 'Set /etc/crontab to 0600 and the folders to 0700.',
  judge({ tree, found }) {
    const folders = tree.names('etc').filter((name) => /^cron\.(?:d|hourly|daily|weekly|monthly|yearly)$/.test(name));
    const { wrong, seen } = wrongModes(tree, found, [
      { path: 'etc/crontab', mode: 0o600 },
      ...folders.map((name) => ({ path: `etc/${name}`, mode: 0o700 })),
      { path: 'var/spool/cron/crontabs', mode: 0o1730, groups: ['crontab', 'root'] },
    ]);
    if (wrong.length + seen.length === 0) return notApplicable('the image has no cron');
    return judged(wrong, [`${seen.length} paths of cron`, ...seen]);
  },
});
