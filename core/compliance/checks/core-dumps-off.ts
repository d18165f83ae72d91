import { check } from '../check.ts';
import { judgeParameters } from '../kernel-values.ts';
import { seen } from '../readers/place.ts';
import { coreLimit } from '../readers/resource-limits.ts';
import { systemdSettings } from '../readers/settings.ts';
import { wantedParameters } from '../wanted-parameters.ts';

/** What was in a program’s memory does not come to lie on a disk. */
export const coreDumpsOff = check({
  id: 'core-dumps-off',
  title: 'No program leaves its memory on the disk',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['Kernel'], hipaa: ['164.312(a)(1)'], 'pci-dss': ['3.5.1.2'] },
  how: 'fs.suid_dumpable is 0, the hard limit of core files is 0 for everybody, and systemd-coredump, where it is there, keeps none.',
  remedy: 'Set fs.suid_dumpable to 0, `* hard core 0` in /etc/security/limits.d, and Storage=none in coredump.conf.',
  judge(context) {
    const limit = coreLimit(context.tree);
    const storage = systemdSettings(context.tree, 'coredump.conf', 'Coredump').get('Storage');
    const kept = context.found.packages.some(({ name }) => name === 'systemd-coredump');
    return judgeParameters(context, wantedParameters['core-dumps-off'], [
      ...(limit?.value === '0' ? [] : [seen('* hard core', limit, 'programs may write core files')]),
      ...(kept && storage?.value !== 'none' ? [seen('Storage', storage, 'systemd-coredump keeps them')] : []),
    ]);
  },
});
