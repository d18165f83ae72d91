import type { Spec } from '../../spec/schema.ts';
import { contradiction, type Remedy, unitStopped } from './remedy.ts';

/** Web servers of the distributions, which listen at port 80 as their packages configure them. */
const webServers = ['apache2', 'caddy', 'lighttpd', 'nginx', 'nginx-core', 'nginx-extras', 'nginx-full', 'nginx-light'];

/**
 * The ports that a spec without `firewall` is known to want open: those of the SSH server that it has, those that its
 * tests connect to, and port 80 of a web server that it installs. What else is to be reached has to be said.
 */
export function knownPorts({ ssh, packages, tests = [] }: Pick<Spec, 'ssh' | 'packages' | 'tests'>): string[] {
  const hasSsh = ssh !== undefined || packages.install.includes('openssh-server');
  const ports = new Set([
    ...(hasSsh ? (ssh?.ports ?? [22]) : []),
    ...tests.flatMap(({ port }) => port ?? []),
    ...(packages.install.some((name) => webServers.includes(name)) ? [80] : []),
  ]);
  return [...ports].sort((one, other) => one - other).map(String);
}

/** Two checks look at the one filter. */
const firewall: Remedy = {
  system: true,
  contradictions: ({ spec }) => [
    ...unitStopped(spec, 'nftables.service'),
    ...(['default', 'forward'] as const).flatMap((name) =>
      spec.firewall?.[name] === 'accept'
        ? contradiction(['firewall', name], 'what no rule lets in is to be dropped', 'Leave it out.')
        : [],
    ),
  ],
  amend: ({ spec }) => {
    if (spec.firewall !== undefined) return spec;
    const allow = knownPorts(spec).map((port) => ({ port, protocol: 'tcp' as const, sources: [] }));
    return { ...spec, firewall: { default: 'deny', forward: 'deny', allow, allowPing: true } };
  },
};

/** Remedies of the packet filter, by check. */
export const networkRemedies = {
  'firewall-default-drop': firewall,
  'firewall-ports': firewall,
} as const;
