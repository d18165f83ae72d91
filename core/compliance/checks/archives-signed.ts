import { check } from '../check.ts';
import { aptSettings, readAptSources } from '../readers/apt.ts';
import { judged, notApplicable } from '../verdicts.ts';

/** Settings of apt that have it take what nobody signed (apt-secure(8)). */
const insecure = [
  'apt::get::allowunauthenticated',
  'acquire::allowinsecurerepositories',
  'acquire::allowweakrepositories',
  'acquire::allowdowngradetoinsecurerepositories',
];

/** Software comes from whom it is expected of. */
export const archivesSigned = check({
  id: 'archives-signed',
  title: 'Every archive of packages has its own key, and none is believed without',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['Software'], hipaa: ['164.312(c)(1)'], 'pci-dss': ['6.3.2'], soc2: ['CC6.8'] },
  how: 'Each source of apt has Signed-By, none has Trusted: yes, and no setting of apt lets unsigned archives in.',
  remedy: 'Add signed-by to each source, and remove trusted and the settings that allow insecure archives.',
  judge({ tree, found }) {
    if (!found.packages.some(({ name }) => name === 'apt')) return notApplicable('the image has no apt');
    const sources = readAptSources(tree);
    const settings = aptSettings(tree);
    const wrong = [
      ...sources.flatMap(({ place, uris, signedBy, trusted }) => [
        ...(trusted ? [`${place}: ${uris[0]} is trusted without a signature`] : []),
        ...(signedBy === '' ? [`${place}: ${uris[0]} has no Signed-By`] : []),
      ]),
      ...insecure.flatMap((name) => {
        const setting = settings.get(name);
        return setting !== undefined && /^(?:true|yes|1|on|with|enable)$/i.test(setting.value)
          ? [`${setting.place}: ${name} "${setting.value}"`]
          : [];
      }),
    ];
    return judged(wrong, [`apt: ${sources.length} sources, each with a key of its own`]);
  },
});
