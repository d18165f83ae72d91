import { z } from 'zod';
import { quoted } from '../../text.ts';
import { patternRefusal, type Refusal, ruledText } from '../refusal.ts';
import { readAddress } from './addresses.ts';
import { repeatedNames, ruledValue } from './rules.ts';
import type { SectionEffects } from './section.ts';

/** Longest name of the DNS in text (RFC 1035 2.3.4: 255 bytes in its own form). */
const longestName = 253;

/** Judges a server: an address, or a name by RFC 1123 2.1. Neither holds white space, which parts the servers. */
function serverRefusal(server: string): Refusal | undefined {
  if (readAddress(server) !== undefined) return undefined;
  const remedy = 'Give a host name such as ntp.example.org, or an address of IPv4 or IPv6.';
  if (/^[0-9.]+$/.test(server)) {
    return { code: 'spec.invalid_value', reason: `${quoted(server)} is no address of IPv4`, remedy };
  }
  const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
  const pattern = new RegExp(`^${label}(?:\\.${label})*$`);
  return patternRefusal(server, { pattern, maxLength: longestName, what: 'a host name or an address', remedy });
}

/** Time of the network, by systemd-timesyncd. */
export const ntpSchema = ruledValue(
  z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .describe('Set the clock by NTP. False: systemd-timesyncd does not start, where the image has it.'),
      servers: z
        .array(
          ruledText(serverRefusal, { minLength: 1, maxLength: longestName, pattern: '^[A-Za-z0-9.:-]+$' }).describe(
            'Host name or address.',
          ),
        )
        .max(16)
        .default([])
        .describe('Servers, the first preferred. Empty: those of the distribution.'),
    })
    .describe('Time of the network, by systemd-timesyncd.'),
  ({ enabled, servers }) => [
    ...repeatedNames(servers, (index) => ['servers', index], 'Name each server once.'),
    ...(enabled || servers.length === 0
      ? []
      : [
          {
            at: ['servers'],
            code: 'spec.contradiction' as const,
            reason: '`enabled` is false, so nothing asks these servers',
            remedy: 'Remove the servers, or `enabled: false`.',
          },
        ]),
  ],
);
export type Ntp = z.output<typeof ntpSchema>;

export const ntpPath = '/etc/systemd/timesyncd.conf.d/lbuild.conf';
const unit = 'systemd-timesyncd.service';

export function ntpEffects({ enabled, servers }: Ntp): SectionEffects {
  if (!enabled) return { packages: [], paths: [], enable: [], disable: [unit] };
  const paths = servers.length === 0 ? [] : [ntpPath];
  return { packages: ['systemd-timesyncd'], paths, enable: [unit], disable: [] };
}
