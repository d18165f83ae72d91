import { z } from 'zod';
import { patternText } from '../refusal.ts';
import { ruledValue } from './rules.ts';
import type { SectionEffects } from './section.ts';

/** More belong into a file: no image in use sets as many. */
const mostParameters = 256;

/** By sysctl.d(5): parts joined by dots, `/` for a dot in the name of an interface, `*` for every part. */
const parameterName = patternText({
  pattern: /^[a-z][a-z0-9_-]*(?:\.(?:\*|[A-Za-z0-9_][A-Za-z0-9_/-]*))+$/,
  maxLength: 128,
  what: 'the name of a kernel parameter',
  remedy: 'Give it with dots, such as net.ipv4.ip_forward.',
});

const parameterValue = patternText({
  // One line of printable ASCII: a line end would begin another parameter.
  pattern: /^[!-~](?:[\t -~]*[!-~])?$/,
  maxLength: 256,
  what: 'a value of a kernel parameter',
  remedy: 'Give one line of printable ASCII without white space around it, in quotes.',
});

/** Kernel parameters, by name. The bound is checked here: zod's records have none. */
export const sysctlSchema = ruledValue(
  z
    .record(parameterName, parameterValue.describe('The value, in quotes.'))
    .describe('Kernel parameters, by name, such as net.ipv4.ip_forward: "1". They are set at boot.'),
  (parameters) => {
    const count = Object.keys(parameters).length;
    if (count <= mostParameters) return [];
    const remedy = `Give at most ${mostParameters} entries.`;
    return [{ at: [], code: 'spec.too_many', reason: `there are ${count} entries`, remedy }];
  },
);
export type Sysctl = z.output<typeof sysctlSchema>;

/**
 * After all that packages bring, of which the last is 99-protect-links.conf of procps (Debian 12), and before
 * 99-sysctl.conf, the name of the local /etc/sysctl.conf: of one parameter the last file in the order of names counts.
 */
export const sysctlPath = '/etc/sysctl.d/99-spec-lbuild.conf';

export function sysctlEffects(_parameters: Sysctl): SectionEffects {
  return { packages: [], paths: [sysctlPath], enable: [], disable: [] };
}
