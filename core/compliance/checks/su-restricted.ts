import { check } from '../check.ts';
import { readPam } from '../readers/pam.ts';
import { fail, notApplicable, pass } from '../verdicts.ts';

/** Not everybody may try to become somebody else. */
export const suRestricted = check({
  id: 'su-restricted',
  title: 'su is for members of one group',
  severity: 'low',
  tag: 'image',
  clauses: { base: ['Accounts'] },
  how: 'pam_wheel stands in /etc/pam.d/su as required or requisite, without trust or deny.',
  remedy: 'Add `auth required pam_wheel.so use_uid group=sudo` to /etc/pam.d/su.',
  judge({ tree }) {
    if (tree.text('etc/pam.d/su') === undefined) return notApplicable('there is no /etc/pam.d/su');
    const wheel = readPam(tree, 'su').find(
      ({ type, module, control, arguments: words }) =>
        type === 'auth' &&
        module === 'pam_wheel.so' &&
        /^requi(?:red|site)$/.test(control) &&
        !words.includes('trust') &&
        !words.includes('deny'),
    );
    return wheel === undefined
      ? fail('/etc/pam.d/su: no line has pam_wheel.so ask for a group')
      : pass(`${wheel.place}: pam_wheel.so ${wheel.arguments.join(' ')}`);
  },
});
