import { check } from '../check.ts';
import { judgeParameters } from '../kernel-values.ts';
import { wantedParameters } from '../wanted-parameters.ts';

/** The kernel’s log and its addresses are root’s to read. */
export const kernelLogRestricted = check({
  id: 'kernel-log-restricted',
  title: 'The kernel’s log and addresses are for root alone',
  severity: 'low',
  tag: 'image',
  clauses: { base: ['Kernel'], hipaa: ['164.312(a)(1)'] },
  how: 'kernel.dmesg_restrict is set to 1, and kernel.kptr_restrict to 1 or 2.',
  remedy: 'Set kernel.dmesg_restrict to "1" and kernel.kptr_restrict to "2" in `sysctl`.',
  judge: (context) => judgeParameters(context, wantedParameters['kernel-log-restricted']),
});
