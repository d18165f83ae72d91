import { check } from '../check.ts';
import { type BaseChain, readNftables } from '../readers/nftables.ts';
import { readUnits } from '../readers/units.ts';
import { fail, judged, withoutSystem } from '../verdicts.ts';

/** What no rule lets in stays out. */
export const firewallDefaultDrop = check({
  id: 'firewall-default-drop',
  title: 'A packet filter drops what it is not told to let in',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['Network'], 'pci-dss': ['1.2.1', '1.3.1'], soc2: ['CC6.6'] },
  how: 'nftables.service starts, and /etc/nftables.conf has chains for input and forward, of IPv4 and IPv6, whose policy is drop.',
  remedy: 'Add `firewall`, whose default is deny.',
  judge({ tree, spec }) {
    const none = withoutSystem(spec);
    if (none !== undefined) return none;
    const state = readUnits(tree).state('nftables.service');
    const chains = readNftables(tree);
    if (chains === undefined) return fail('/etc/nftables.conf: there is none');
    const wrong = [
      ...(state === 'enabled' ? [] : [`nftables.service is ${state}`]),
      ...['input', 'forward'].flatMap((hook) =>
        ['ip', 'ip6'].flatMap((family) =>
          drops(chains, hook, family) ? [] : [`/etc/nftables.conf: no chain drops ${hook} of ${family}`],
        ),
      ),
    ];
    return judged(wrong, ['nftables.service is enabled', '/etc/nftables.conf: input and forward have the policy drop']);
  },
});

const drops = (chains: readonly BaseChain[], hook: string, family: string): boolean =>
  chains.some(
    (chain) =>
      chain.hook === hook && (chain.family === 'inet' || chain.family === family) && chain.policy.value === 'drop',
  );
