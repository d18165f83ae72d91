import { check } from '../check.ts';
import { aptSettings, readAptSources } from '../readers/apt.ts';
import { readUnits } from '../readers/units.ts';
import { judged, notApplicable } from '../verdicts.ts';

/** What is known to be broken is mended by itself. */
export const securityUpdates = check({
  id: 'security-updates',
  title: 'Security updates are taken from the distribution, and installed by themselves',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['Software'], 'pci-dss': ['6.3.3'], soc2: ['A1.2', 'CC7.1'] },
  how: 'A source of apt has the security suite, unattended-upgrades is installed, its timers start, and apt’s daily settings are on.',
  remedy: 'Add `updates`, whose default installs security updates.',
  judge({ spec, tree, found }) {
    if (!found.packages.some(({ name }) => name === 'apt')) return notApplicable('the image has no apt');
    const rolling = spec.base.release === 'sid';
    const security = readAptSources(tree).find(({ suites }) => suites.some((suite) => suite.includes('security')));
    const settings = aptSettings(tree);
    const isOn = (name: string) => /^(?:[1-9][0-9]*[a-z]?|always|true|yes)$/i.test(settings.get(name)?.value ?? '');
    const units = readUnits(tree);
    const containers = spec.outputs.every(({ type }) => type === 'oci' || type === 'docker');
    const wrong = [
      ...(security === undefined && !rolling ? ['apt: no source has a security suite'] : []),
      ...(containers
        ? []
        : [
            ...(found.packages.some(({ name }) => name === 'unattended-upgrades')
              ? []
              : ['dpkg: unattended-upgrades is not installed']),
            ...['apt::periodic::update-package-lists', 'apt::periodic::unattended-upgrade'].flatMap((name) =>
              isOn(name) ? [] : [`apt: ${name} is not on`],
            ),
            ...['apt-daily.timer', 'apt-daily-upgrade.timer'].flatMap((unit) =>
              units.state(unit) === 'enabled' ? [] : [`${unit} is ${units.state(unit)}`],
            ),
          ]),
    ];
    return judged(wrong, [
      security === undefined
        ? 'the release has no security suite: its archive is the newest'
        : `${security.place}: ${security.suites.join(' ')}`,
    ]);
  },
});
