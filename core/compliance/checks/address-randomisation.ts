import { check } from '../check.ts';
import { judgeParameters } from '../kernel-values.ts';
import { wantedParameters } from '../wanted-parameters.ts';

/** Nobody knows where in memory a program lies. */
export const addressRandomisation = check({
  id: 'address-randomisation',
  title: 'Addresses of programs are random',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['Kernel'], hipaa: ['164.312(a)(1)'] },
  how: 'kernel.randomize_va_space is set to 2 by a file of sysctl.d.',
  remedy: 'Set kernel.randomize_va_space to "2" in `sysctl`.',
  judge: (context) => judgeParameters(context, wantedParameters['address-randomisation']),
});
