import { z } from 'zod';
import { quoted } from '../text.ts';
import { ntpSchema } from './configuration/ntp.ts';
import { patternText, type Refusal, ruledText } from './refusal.ts';

/** Longest host name of Linux (HOST_NAME_MAX). */
const LONGEST_HOSTNAME = 64;
const LONGEST_LABEL = 63;

/** Judges a host name by RFC 1123 2.1: labels of letters, digits and hyphens; and not the form of an IPv4 address. */
export function hostnameRefusal(name: string): Refusal | undefined {
  const labels = name.split('.');
  const good =
    name.length <= LONGEST_HOSTNAME &&
    labels.every(
      (label) => label.length <= LONGEST_LABEL && /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/.test(label),
    ) &&
    !(labels.length > 1 && /^[0-9]+$/.test(labels.at(-1) ?? ''));
  if (good) return undefined;
  return {
    code: 'spec.invalid_value',
    reason: `${quoted(name)} is not a host name (RFC 1123)`,
    remedy: `Use labels of letters, digits and inner hyphens, joined by dots; at most ${LONGEST_HOSTNAME} characters.`,
  };
}

/** Host name, time zone, locale, keyboard and time. */
export const systemSchema = z
  .strictObject({
    hostname: ruledText(hostnameRefusal, { minLength: 1, maxLength: LONGEST_HOSTNAME, pattern: '^[A-Za-z0-9.-]+$' })
      .optional()
      .describe('Host name. Omitted: the name of the spec.'),
    timezone: patternText({
      pattern: /^[A-Z][A-Za-z0-9_+-]*(?:\/[A-Z][A-Za-z0-9_+-]*){0,2}$/,
      maxLength: 64,
      what: 'the name of a time zone',
      remedy: 'Give a name of the time zone database, such as UTC or Europe/Berlin.',
    })
      .default('UTC')
      .describe('Time zone, by its name in the time zone database.'),
    locale: patternText({
      pattern: /^(?:C|[a-z]{2,3}(?:_[A-Z]{2})?)\.UTF-8(?:@[a-z]+)?$/,
      maxLength: 32,
      what: 'a locale in UTF-8',
      remedy: 'Give language, country and `.UTF-8`, such as en_US.UTF-8, or C.UTF-8.',
    })
      .default('C.UTF-8')
      .describe('Default locale; it is generated. Always in UTF-8.'),
    keyboard: patternText({
      pattern: /^[a-z]{2,8}$/,
      maxLength: 8,
      what: 'a keyboard layout',
      remedy: 'Give an XKB layout, such as us, de or gb.',
    })
      .default('us')
      .describe('Keyboard layout, by its XKB name.'),
    ntp: ntpSchema.optional(),
  })
  .describe('Host name, time zone, locale, keyboard and time.');
