import type { Series } from '../series.ts';
import { ourSeries } from './ours.ts';
import { scriptSeries } from './script-series.ts';

/** All that is compared, in the order in which a round runs it: what is set against each other stands close together. */
const series: readonly Series[] = [
  ourSeries('iso', 'ground'),
  scriptSeries({
    ...{ name: 'floor-iso', title: 'the floor: the same tools by hand', output: 'iso' },
    ...{ script: 'floor.sh', root: 'builder' },
    scenarios: { cold: ['cold', 'iso'], changed: ['changed', 'iso'] },
    preparations: { cold: ['prepare'] },
  }),
  scriptSeries({
    ...{ name: 'naive-iso', title: 'a naive script', output: 'iso' },
    ...{ script: 'naive.sh', root: 'peers' },
    scenarios: { cold: ['cold'], changed: ['changed'] },
  }),
  scriptSeries({
    ...{ name: 'live-build-iso', title: 'live-build', output: 'iso' },
    ...{ script: 'live-build.sh', root: 'peers' },
    scenarios: { cold: ['cold'], changed: ['changed'] },
  }),
  ourSeries('iso', 'disk'),
  ourSeries('raw', 'ground'),
  scriptSeries({
    // In the peers' root, since the builder root has no sfdisk.
    ...{ name: 'floor-raw', title: 'the floor: the same tools by hand', output: 'raw' },
    ...{ script: 'floor.sh', root: 'peers' },
    scenarios: { cold: ['cold', 'raw'] },
    preparations: { cold: ['prepare'] },
  }),
  scriptSeries({
    ...{ name: 'mkosi-raw', title: 'mkosi', output: 'raw' },
    ...{ script: 'mkosi.sh', root: 'peers' },
    scenarios: { cold: ['cold'], changed: ['changed'] },
    preparations: { changed: ['prepare'] },
  }),
  scriptSeries({
    ...{ name: 'debos-raw', title: 'debos', output: 'raw' },
    ...{ script: 'debos.sh', root: 'peers' },
    scenarios: { cold: ['cold'], changed: ['changed'] },
  }),
  scriptSeries({
    ...{ name: 'vmdb2-raw', title: 'vmdb2', output: 'raw' },
    ...{ script: 'vmdb2.sh', root: 'peers' },
    scenarios: { cold: ['cold'], changed: ['changed'] },
  }),
];

/**
 * What is compared where all tools work in memory or on the disk.
 * @param place on the disk our engine's folder is on it anyway
 */
export function seriesIn(place: 'memory' | 'disk'): readonly Series[] {
  return place === 'memory' ? series : series.filter(({ name }) => name !== 'ours-iso-disk');
}
