import { z } from 'zod';
import { patternText } from '../refusal.ts';
import { type PlacedRefusal, ruledValue } from './rules.ts';
import type { SectionEffects } from './section.ts';

function contradictions({ unattended, automaticReboot, rebootTime }: z.output<typeof fields>): PlacedRefusal[] {
  const contradiction = (member: string, reason: string): PlacedRefusal => ({
    at: [member],
    code: 'spec.contradiction',
    reason,
    remedy: 'Remove one of the two.',
  });
  return [
    ...(automaticReboot && unattended === 'none'
      ? [contradiction('automaticReboot', '`unattended` is none, so nothing is installed after which to reboot')]
      : []),
    ...(rebootTime !== undefined && !automaticReboot
      ? [contradiction('rebootTime', '`automaticReboot` is false, so the machine reboots at no time by itself')]
      : []),
  ];
}

const fields = z
  .strictObject({
    unattended: z
      .enum(['security', 'all', 'none'])
      .default('security')
      .describe('What the machine installs by itself, each day: security updates, all updates, or nothing.'),
    automaticReboot: z.boolean().default(false).describe('Reboot where an update needs it.'),
    rebootTime: patternText({
      pattern: /^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/,
      maxLength: 5,
      what: 'a time of day',
      remedy: 'Give hours and minutes in quotes, such as "03:30".',
    })
      .optional()
      .describe('When to reboot, as HH:MM in quotes, in the time zone of the image. Omitted: at once.'),
  })
  .describe('Updates that the machine installs by itself, by unattended-upgrades.');

/** Updates that the machine installs by itself, by unattended-upgrades. */
export const updatesSchema = ruledValue(fields, contradictions);
export type Updates = z.output<typeof updatesSchema>;

/** Read after the package's 50unattended-upgrades. */
export const upgradesPath = '/etc/apt/apt.conf.d/52lbuild-unattended-upgrades';
/** The package makes it; here it says whether, and how often. */
export const periodicPath = '/etc/apt/apt.conf.d/20auto-upgrades';

export function updatesEffects({ unattended }: Updates): SectionEffects {
  if (unattended === 'none') return { packages: [], paths: [periodicPath], enable: [], disable: [] };
  return {
    packages: ['unattended-upgrades'],
    paths: [periodicPath, upgradesPath],
    enable: ['apt-daily.timer', 'apt-daily-upgrade.timer'],
    disable: [],
  };
}
