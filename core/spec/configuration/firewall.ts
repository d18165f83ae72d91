import { z } from 'zod';
import { quoted } from '../../text.ts';
import { patternRefusal, type Refusal, ruledText } from '../refusal.ts';
import { networkRefusal, networkText, readNetwork } from './addresses.ts';
import { type PlacedRefusal, repeatedNames, ruledValue } from './rules.ts';
import type { SectionEffects } from './section.ts';

const portForm = {
  pattern: /^[1-9][0-9]{0,4}(?:-[1-9][0-9]{0,4})?$/,
  maxLength: 11,
  what: 'a port or a range of ports',
  remedy: 'Give a number from 1 to 65535 in quotes, or a range such as "8000-8010".',
};

function portRefusal(text: string): Refusal | undefined {
  const refusal = patternRefusal(text, portForm);
  if (refusal !== undefined) return refusal;
  const [first = 0, last = first] = text.split('-').map(Number);
  if (first <= 65_535 && last <= 65_535 && (first < last || !text.includes('-'))) return undefined;
  return { code: 'spec.invalid_value', reason: `${quoted(text)} is not ${portForm.what}`, remedy: portForm.remedy };
}

/** The longest text of an IPv6 network: eight groups of four digits, and its prefix. */
const longestNetwork = 43;

const ruleSchema = z
  .strictObject({
    port: ruledText(portRefusal, {
      minLength: 1,
      maxLength: portForm.maxLength,
      pattern: portForm.pattern.source,
    }).describe('Port, or range of ports, in quotes: "443" or "8000-8010".'),
    protocol: z.enum(['tcp', 'udp']).default('tcp').describe('Protocol.'),
    sources: z
      .array(
        ruledText(networkRefusal, { minLength: 2, maxLength: longestNetwork, pattern: '^[0-9A-Fa-f.:/]+$' }).describe(
          'Address or network, of IPv4 or IPv6.',
        ),
      )
      // More would be a list that changes by itself, which a set loaded at run time holds better.
      .max(64)
      .default([])
      .describe('Networks from which it is reached, such as 192.0.2.0/24. Empty: from everywhere.'),
  })
  .describe('What is let in.');

const verdicts = ['deny', 'accept'] as const;

function contradictions({ default: input, allow, allowPing }: z.output<typeof fields>): PlacedRefusal[] {
  const ports = allow.map(({ port, protocol }) => `${port}/${protocol}`);
  const repeatedSources = allow.flatMap(({ sources }, index) => {
    const networks = sources.flatMap((source) => {
      const network = readNetwork(source);
      return network === undefined ? [] : networkText(network);
    });
    return repeatedNames(networks, (at) => ['allow', index, 'sources', at], 'Name each network once.');
  });
  return [
    ...repeatedNames(ports, (index) => ['allow', index, 'port'], 'Name each port once, with all of its sources.'),
    ...repeatedSources,
    ...(input === 'deny' || allow.length === 0
      ? []
      : [
          {
            at: ['allow'],
            code: 'spec.contradiction' as const,
            reason: `\`default\` is accept, so all is let in, ${allowPing ? '' : 'but for pings, '}whatever is allowed here`,
            remedy: 'Remove `default: accept`, or this list.',
          },
        ]),
  ];
}

const fields = z
  .strictObject({
    default: z
      .enum(verdicts)
      .default('deny')
      .describe(
        'What is done with what comes in and no rule lets in. Answers, and what comes from the machine itself, are always let in.',
      ),
    forward: z
      .enum(verdicts)
      .default('deny')
      .describe('What is done with what the machine would pass on between networks.'),
    allow: z.array(ruleSchema).max(128).default([]).describe('What is let in.'),
    allowPing: z.boolean().default(true).describe('Answer echo requests (ping) of IPv4 and IPv6.'),
  })
  .describe('The packet filter, by nftables.');

/** The packet filter, by nftables. */
export const firewallSchema = ruledValue(fields, contradictions);
export type Firewall = z.output<typeof firewallSchema>;

export const firewallPath = '/etc/nftables.conf';

export function firewallEffects(_firewall: Firewall): SectionEffects {
  return { packages: ['nftables'], paths: [firewallPath], enable: ['nftables.service'], disable: [] };
}
