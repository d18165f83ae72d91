import { check } from '../check.ts';
import { readUnits } from '../readers/units.ts';
import { judged, withoutSystem } from '../verdicts.ts';

/** Programs are held to what they are for. */
export const apparmor = check({
  id: 'apparmor',
  title: 'AppArmor is on',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['Kernel'], hipaa: ['164.312(a)(1)'], soc2: ['CC6.8'] },
  how: 'The package apparmor is installed, apparmor.service starts, and no kernel argument takes it away.',
  remedy: 'Install apparmor, and remove apparmor=0 and security= of another module from `kernel.cmdline`.',
  judge({ tree, spec, found }) {
    const state = readUnits(tree).state('apparmor.service');
    const off = spec.kernel.cmdline.filter(
      (word) => word === 'apparmor=0' || (/^(?:security|lsm)=/.test(word) && !word.includes('apparmor')),
    );
    const wrong = [
      ...(found.packages.some(({ name }) => name === 'apparmor') ? [] : ['dpkg: apparmor is not installed']),
      ...(state === 'enabled' ? [] : [`apparmor.service is ${state}`]),
      ...off.map((word) => `spec: kernel.cmdline has ${word}`),
    ];
    return withoutSystem(spec) ?? judged(wrong, ['apparmor.service is enabled']);
  },
});
