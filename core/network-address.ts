import { type Address, type Network, readAddress, readNetwork } from './spec/configuration/addresses.ts';

/** How far an address is known: to everybody, to those near it, or to the machine and what it hangs on alone. */
export type Reach = 'public' | 'private' | 'link-local';

const networks = (list: readonly string[]): Network[] => list.flatMap((text) => readNetwork(text) ?? []);

/**
 * Where machines and clouds answer only themselves: link-local addresses, among them the metadata services, and what is
 * no address of one machine (IANA's special-purpose registries, RFC 6890).
 */
const linkLocal = networks([
  ...['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'],
  // Metadata and control services of clouds that have other addresses.
  ...['192.0.0.0/24', '100.100.100.200/32', '168.63.129.16/32'],
  // The first two hold addresses of IPv4.
  ...['::ffff:0:0/96', '64:ff9b::/96', '::/128', 'fe80::/10', 'ff00::/8', 'fd00:ec2::/32', 'fd20:ce::/32'],
]);

/** Of the same registries: loopback, private use, shared address space, documentation, benchmarks. */
const privateV4 = networks([
  ...['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.0.2.0/24'],
  ...['192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
]);

/** All of IPv6 that is public lies here, less what carries IPv4 addresses in it (Teredo, 6to4) and documentation. */
const publicV6 = networks(['2000::/3']);
const notPublicV6 = networks(['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']);

/** Whether an address lies in one of some networks. */
export function isAmong(address: Address, list: readonly Network[]): boolean {
  return list.some(({ family, bits, prefix }) => {
    const behind = BigInt((family === 'ip' ? 32 : 128) - prefix);
    return family === address.family && bits >> behind === address.bits >> behind;
  });
}

/**
 * The reach of an IP address, without a zone. What cannot be read, such as an IPv4 address written as one of IPv6, has
 * the least: nobody needs it to name an archive.
 */
export function reachOf(text: string): Reach {
  const address = readAddress(text);
  if (address === undefined) return 'link-local';
  if (isAmong(address, linkLocal)) return 'link-local';
  if (address.family === 'ip') return isAmong(address, privateV4) ? 'private' : 'public';
  return isAmong(address, publicV6) && !isAmong(address, notPublicV6) ? 'public' : 'private';
}
