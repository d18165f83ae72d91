import { check } from '../check.ts';
import { readUnits } from '../readers/units.ts';
import { judged, withoutSystem } from '../verdicts.ts';

/** The unit of the engine’s own that makes the database where there is none. */
export const aideUnit = 'lbuild-aide.service';

const names = /^aide\.db(?:\.gz)?$/;

/** A change that nobody made is noticed. */
export const fileIntegrity = check({
  id: 'file-integrity',
  title: 'AIDE compares the files of the system regularly',
  severity: 'medium',
  tag: 'image',
  clauses: { hipaa: ['164.312(c)(2)'], 'pci-dss': ['11.5.2'], soc2: ['CC7.1'] },
  how: 'aide is installed, has its configuration, a timer or a job of cron starts it at least weekly, and its database is there or is made at the first boot.',
  remedy: 'Install aide, have dailyaidecheck.timer start, and make the database at the first boot with aideinit.',
  judge({ spec, tree, found }) {
    const units = readUnits(tree);
    const timer = ['dailyaidecheck.timer', 'aidecheck.timer', 'aide.timer'].find(
      (unit) => units.state(unit) === 'enabled',
    );
    const job = ['etc/cron.daily', 'etc/cron.weekly'].flatMap((folder) =>
      tree
        .names(folder)
        .filter((name) => name.includes('aide'))
        .map((name) => `/${folder}/${name}`),
    )[0];
    const stored = tree.names('var/lib/aide').some((name) => names.test(name));
    const made = spec.firstBoot?.find(({ run }) => /\baide(?:init\b| (?:--init|-i)\b)/.test(run));
    const unit = units.state(aideUnit) === 'enabled';
    const wrong = [
      ...(found.packages.some(({ name }) => /^aide(?:-dynamic|-xen)?$/.test(name))
        ? []
        : ['dpkg: aide is not installed']),
      ...(tree.find('etc/aide/aide.conf') === undefined ? ['/etc/aide/aide.conf: there is none'] : []),
      ...(timer === undefined && job === undefined ? ['no timer and no job of cron starts aide'] : []),
      ...(stored || unit || made !== undefined
        ? []
        : ['/var/lib/aide: no database, and nothing makes it at the first boot']),
    ];
    return (
      withoutSystem(spec) ??
      judged(wrong, [
        `${timer ?? job} starts aide`,
        stored
          ? '/var/lib/aide: the database is there'
          : `${unit ? aideUnit : `spec: firstBoot ${made?.name}`} makes the database`,
      ])
    );
  },
});
