import { check } from '../check.ts';
import { missingOptions, mountOptions } from '../readers/mounts.ts';
import { readUnits } from '../readers/units.ts';
import { fail, judged, withoutSystem } from '../verdicts.ts';

/** What anybody may write is run by nobody. */
export const temporaryFolder = check({
  id: 'temporary-folder',
  title: '/tmp is mounted nodev, nosuid and noexec',
  severity: 'low',
  tag: 'image',
  clauses: { base: ['File systems'] },
  how: 'The options of /tmp in /etc/fstab, else of a tmp.mount that starts.',
  remedy: 'Add a tmp.mount with Options=mode=1777,nodev,nosuid,noexec, or a partition for /tmp with these options.',
  judge({ tree, spec }) {
    const none = withoutSystem(spec);
    if (none !== undefined) return none;
    const wanted = ['nodev', 'nosuid', 'noexec'];
    // Lines of a divided disk are written into each image, not into the tree.
    const partition = spec.disk?.partitions?.findIndex(({ mountPoint }) => mountPoint === '/tmp') ?? -1;
    const options = spec.disk?.partitions?.[partition]?.options?.join(',');
    const found =
      options === undefined
        ? mountOptions(tree, readUnits(tree), '/tmp')
        : { value: options, place: `spec: disk.partitions[${partition}]` };
    if (found === undefined) return fail('/etc/fstab: nothing is mounted at /tmp, and no tmp.mount starts');
    const told = `${found.place}: ${found.value}`;
    return judged(
      missingOptions(found.value, wanted).map((option) => `${told}: ${option} is missing`),
      [told],
    );
  },
});
