import { readNetwork } from '../../../../core/spec/configuration/addresses.ts';
import { type Firewall, firewallPath } from '../../../../core/spec/configuration/firewall.ts';
import type { ConfigurationFile } from './configuration-file.ts';

const policies = { deny: 'drop', accept: 'accept' } as const;

/** A statement for each source: sets of networks that overlap are an error in some versions of nft. */
function ruleLines({ port, protocol, sources }: Firewall['allow'][number]): string[] {
  const accept = `${protocol} dport ${port} accept`;
  if (sources.length === 0) return [accept];
  return sources.map((source) => `${readNetwork(source)?.family ?? 'ip'} saddr ${source} ${accept}`);
}

function pingLines(verdict: 'accept' | 'drop'): string[] {
  return [`icmp type echo-request ${verdict}`, `icmpv6 type echo-request ${verdict}`];
}

/** What lets in nothing but what is allowed, and what a machine needs to have addresses at all. */
function denyLines({ allow, allowPing }: Firewall): string[] {
  return [
    'ct state established,related accept',
    'iifname "lo" accept',
    'ct state invalid drop',
    '# Neighbours, routers and groups of IPv6: without these it has no addresses. They come from the link alone.',
    'icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query } accept',
    '# Answers of DHCPv6: the question goes to a group, so that they are no answers to the kernel.',
    'ip6 saddr fe80::/10 udp dport 546 accept',
    ...(allowPing ? pingLines('accept') : []),
    ...allow.flatMap(ruleLines),
  ];
}

function chain(name: 'input' | 'forward', policy: 'drop' | 'accept', rules: readonly string[]): string[] {
  return [
    `chain ${name} {`,
    ...[`type filter hook ${name} priority filter; policy ${policy};`, ...rules].map((line) => `\t${line}`),
    '}',
  ];
}

/** The file that nftables.service loads, as nft(8) runs it. Its ruleset is the whole of it: what was there goes. */
export function firewallFiles(firewall: Firewall): ConfigurationFile[] {
  const { default: input, forward, allowPing } = firewall;
  const rules = input === 'deny' ? denyLines(firewall) : allowPing ? [] : pingLines('drop');
  const table = [...chain('input', policies[input], rules), ...chain('forward', policies[forward], [])];
  const lines = [
    ...['#!/usr/sbin/nft -f', '# Made of `firewall` in the build spec.', '', 'flush ruleset', ''],
    ...['table inet filter {', ...table.map((line) => `\t${line}`), '}'],
  ];
  // The mode that the distribution gives it.
  return [{ path: firewallPath, content: lines.map((line) => `${line}\n`).join(''), mode: 0o755 }];
}
