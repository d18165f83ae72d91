import { check } from '../check.ts';
import { moduleBlock } from '../readers/modprobe.ts';
import { fail, pass, withoutSystem } from '../verdicts.ts';

/** Nothing is carried away on a stick. */
export const usbStorageBlocked = check({
  id: 'usb-storage-blocked',
  title: 'The kernel takes no USB storage',
  severity: 'low',
  tag: 'image',
  clauses: { hipaa: ['164.312(a)(1)'] },
  how: 'An install line of modprobe.d(5) has usb-storage load nothing; a blacklist alone is not enough.',
  remedy: 'Add usb-storage to `kernel.modules.block`.',
  judge({ tree, spec }) {
    const block = moduleBlock(tree, 'usb-storage');
    const verdict =
      block === undefined
        ? fail('/etc/modprobe.d: no install line stops usb-storage')
        : pass(`${block.place}: ${block.value}`);
    return withoutSystem(spec) ?? verdict;
  },
});
