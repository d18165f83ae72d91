import { readFile } from 'node:fs/promises';
import type { PackageStanza } from '../../../core/builds/layer-index.ts';

/** Where dpkg keeps its database in a tree. */
export const packageDatabase = 'var/lib/dpkg/status';
/** A database of 60,000 packages; a larger file is no dpkg status. */
const largestDatabase = 64 << 20;

/**
 * The fields of one stanza of a control file. Continued lines are left out: those that are read below are of one line
 * (deb-control(5)).
 */
function fieldsOf(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of stanza.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith(' '))
      fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return fields;
}

/** `Source: name (version)`: deb-control(5) leaves out the name, or the version, where it is the package's own. */
function sourceOf(field: string | undefined, name: string, version: string): { source: string; sourceVersion: string } {
  const parts = /^(\S+)(?: \((\S+)\))?$/.exec(field ?? '');
  const [source, sourceVersion] = [parts?.[1] ?? name, parts?.[2] ?? version];
  return { source: source.slice(0, 200), sourceVersion: sourceVersion.slice(0, 200) };
}

/** Packages of a dpkg status file, sorted by name and architecture. Incomplete stanzas are left out. */
export async function readPackages(file: string): Promise<PackageStanza[]> {
  const bytes = await readFile(file);
  if (bytes.length > largestDatabase) throw new Error(`${packageDatabase} is larger than any package database`);
  const packages: PackageStanza[] = [];
  for (const stanza of bytes.toString('utf8').split(/\n\n+/)) {
    const fields = fieldsOf(stanza);
    const name = fields.get('package');
    const version = fields.get('version');
    const architecture = fields.get('architecture');
    const status = fields.get('status');
    if (name === undefined || version === undefined || architecture === undefined || status === undefined) continue;
    packages.push({ name, version, architecture, status, ...sourceOf(fields.get('source'), name, version) });
  }
  const order = (one: PackageStanza) => `${one.name}\0${one.architecture}`;
  return packages.sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
}
