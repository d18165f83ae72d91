import { byCodeUnits } from '../../text.ts';
import type { Spec } from '../schema.ts';
import { resolveArchives } from './archives.ts';
import { resolveCertificates } from './certificates.ts';
import type { Firewall } from './firewall.ts';
import type { KernelModules } from './kernel-modules.ts';
import type { Ssh } from './ssh.ts';

type Resolved = Pick<Spec, 'archives' | 'firewall' | 'ssh' | 'certificates'>;

const sorted = (names: readonly string[]): string[] => [...names].sort(byCodeUnits);

/** Rules only let in, so that neither their order means anything nor that of their sources. */
function resolveFirewall(firewall: Firewall): Firewall {
  const allow = firewall.allow.map((rule) => ({ ...rule, sources: sorted(rule.sources) }));
  const name = (rule: Firewall['allow'][number]) => `${rule.port}/${rule.protocol}`;
  return { ...firewall, allow: allow.sort((a, b) => byCodeUnits(name(a), name(b))) };
}

function resolveSsh(ssh: Ssh): Ssh {
  const { ports, allowUsers, allowGroups } = ssh;
  return {
    ...ssh,
    ...(ports === undefined ? {} : { ports: [...ports].sort((a, b) => a - b) }),
    ...(allowUsers === undefined ? {} : { allowUsers: sorted(allowUsers) }),
    ...(allowGroups === undefined ? {} : { allowGroups: sorted(allowGroups) }),
  };
}

/** Modules load in their order; none of those that are blocked comes first. */
export function resolveKernelModules({ load, block }: KernelModules): KernelModules {
  return { load, block: sorted(block) };
}

/** The sections of which equal meanings have more than one form, in one form. What a spec leaves out stays out. */
export function resolveConfiguration({ archives, firewall, ssh, certificates }: Resolved): Resolved {
  return {
    ...(archives === undefined || archives.length === 0 ? {} : { archives: resolveArchives(archives) }),
    ...(firewall === undefined ? {} : { firewall: resolveFirewall(firewall) }),
    ...(ssh === undefined ? {} : { ssh: resolveSsh(ssh) }),
    ...(certificates === undefined ? {} : { certificates: resolveCertificates(certificates) }),
  };
}
