import { check } from '../check.ts';
import { timeServers } from '../readers/time-sync.ts';
import { readUnits } from '../readers/units.ts';
import { fail, pass, withoutSystem } from '../verdicts.ts';

/** All clocks are one. */
export const timeSynchronised = check({
  id: 'time-synchronised',
  title: 'The clock is set from a named source',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['Logs'], 'pci-dss': ['10.6.1', '10.6.2'], soc2: ['CC7.2'] },
  how: 'chrony or systemd-timesyncd starts, and its configuration names a server or a pool.',
  remedy: 'Name `system.ntp.servers`, or install chrony, whose package names a pool.',
  judge({ spec, tree }) {
    const none = withoutSystem(spec);
    if (none !== undefined) return none;
    const units = readUnits(tree);
    const running = (['chrony', 'systemd-timesyncd'] as const).filter(
      (program) => units.state(`${program}.service`) === 'enabled',
    );
    const named = running.flatMap((program) => timeServers(tree, program));
    const [first, ...others] = named.map(({ value, place }) => `${place}: ${value}`);
    if (first !== undefined) return pass(first, ...others);
    const [program] = running;
    return fail(
      program === undefined
        ? 'neither chrony.service nor systemd-timesyncd.service starts'
        : `${program}: no server is named in its configuration`,
    );
  },
});
