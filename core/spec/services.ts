import { z } from 'zod';
import { specLimits } from './limits.ts';
import { patternText } from './refusal.ts';

/** Types of systemd units that can be enabled or masked. */
const unitSuffix = /\.(?:service|socket|timer|path|target|mount|automount|swap|slice|device|scope)$/;

/** The full name of a unit: `.service` is meant where no type is given, as systemctl understands it. */
export function unitName(name: string): string {
  return unitSuffix.test(name) ? name : `${name}.service`;
}

const units = z
  .array(
    patternText({
      // Characters of systemd.unit(5); a first `-` would be read as an option.
      pattern: /^[A-Za-z0-9_][A-Za-z0-9:_.\\@-]*$/,
      maxLength: 247,
      what: 'the name of a systemd unit',
      remedy: 'Give a unit such as ssh, ssh.socket or getty@tty2.service.',
    }).describe('Name of a unit.'),
  )
  .max(specLimits.services.value)
  .default([]);

/** Units to enable, disable and mask. */
export const servicesSchema = z
  .strictObject({
    enable: units.describe('Units that start at boot. Without a type, `.service` is meant.'),
    disable: units.describe('Units that do not start at boot.'),
    mask: units.describe('Units that nothing can start.'),
  })
  .describe('Units to enable, disable and mask.');
