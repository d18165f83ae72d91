import { check } from '../check.ts';
import { readNftables } from '../readers/nftables.ts';
import { judged, manual, notApplicable, withoutSystem } from '../verdicts.ts';

/** What is open is what was asked for. */
export const firewallPorts = check({
  id: 'firewall-ports',
  title: 'The open ports are those of the spec',
  severity: 'medium',
  tag: 'image',
  clauses: { 'pci-dss': ['1.2.5', '1.2.6'] },
  how: 'The ports that rules of /etc/nftables.conf let in are those of `firewall.allow`. Rules that let in by something else than a port must be read by a person.',
  remedy: 'Name each open port in `firewall.allow`, and write no rules beside it.',
  judge({ tree, spec }) {
    const none = withoutSystem(spec);
    if (none !== undefined) return none;
    const chains = readNftables(tree)?.filter(({ hook }) => hook === 'input');
    if (chains === undefined) return notApplicable('the image has no /etc/nftables.conf');
    const asked = new Set((spec.firewall?.allow ?? []).map(({ port, protocol }) => `${protocol}/${port}`));
    const open = chains.flatMap(({ ports }) => ports);
    const others = chains.flatMap((chain) => chain.others);
    // DHCPv6 answers of the link are let in by the engine’s own rules.
    const wrong = open.flatMap(({ value, place }) =>
      asked.has(value) || value === 'udp/546' ? [] : [`${place}: ${value} is open and not in firewall.allow`],
    );
    const closed = [...asked]
      .filter((port) => !open.some(({ value }) => value === port))
      .map((port) => `spec: ${port} is in firewall.allow and not open`);
    const [first, ...rest] = others.map(({ value, place }) => `${place}: ${value}`);
    if (wrong.length + closed.length === 0 && first !== undefined) return manual(first, ...rest);
    return judged(
      [...wrong, ...closed],
      [`/etc/nftables.conf: ${asked.size === 0 ? 'no port is open' : [...asked].join(', ')}`],
    );
  },
});
