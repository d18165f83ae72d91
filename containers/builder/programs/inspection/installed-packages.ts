import type { Inspection } from '../../../../core/plan/programs/inspection.ts';
import { readBytes, type TreeSource } from './tree-source.ts';

/** A database of 60,000 packages. */
const largestDatabase = 64 << 20;

/** The packages whose state is installed (deb822 stanzas of dpkg’s status), by name and architecture. */
export async function installedPackages(source: TreeSource): Promise<Inspection['packages']> {
  const text = (await readBytes(source, 'var/lib/dpkg/status', largestDatabase))?.toString('utf8') ?? '';
  const packages: Inspection['packages'] = [];
  for (const stanza of text.split(/\n\n+/)) {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1]?.trim().slice(0, 256);
    const [name, version, architecture] = [field('Package'), field('Version'), field('Architecture')];
    if (name === undefined || version === undefined || architecture === undefined) continue;
    if (/ installed$/.test(field('Status') ?? '')) packages.push({ name, version, architecture });
  }
  const order = (one: { name: string; architecture: string }) => `${one.name}\0${one.architecture}`;
  return packages.sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
}
