import { check } from '../check.ts';
import { readUnits } from '../readers/units.ts';
import { judged, withoutSystem } from '../verdicts.ts';

/** What is done is written down, from the first moment on. */
export const auditd = check({
  id: 'auditd',
  title: 'auditd runs, and the kernel audits from its start',
  severity: 'high',
  tag: 'image',
  clauses: { hipaa: ['164.312(b)'], 'pci-dss': ['10.2.1'], soc2: ['CC7.2'] },
  how: 'auditd is installed, auditd.service starts, and audit=1 is among the kernel’s arguments.',
  remedy: 'Install auditd, and add audit=1 to `kernel.cmdline`.',
  judge({ spec, tree, found }) {
    const state = readUnits(tree).state('auditd.service');
    const last = spec.kernel.cmdline.findLast((word) => word.startsWith('audit='));
    const wrong = [
      ...(found.packages.some(({ name }) => name === 'auditd') ? [] : ['dpkg: auditd is not installed']),
      ...(state === 'enabled' ? [] : [`auditd.service is ${state}`]),
      ...(last === 'audit=1' || last === 'audit=on' ? [] : [`spec: kernel.cmdline has ${last ?? 'no audit=1'}`]),
    ];
    return withoutSystem(spec) ?? judged(wrong, ['auditd.service is enabled', 'spec: kernel.cmdline has audit=1']);
  },
});
