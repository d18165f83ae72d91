import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../core/digest.ts';

/** The release that the builder root is made of: the newest one, whose tools build every release. */
const release = 'trixie';

/** Where a machine's builder root lies, and what it is made of. */
export interface BuilderRootPlace {
  readonly directory: string;
  readonly release: string;
  readonly packages: readonly string[];
}

/**
 * The builder root below a cache folder. It is named after its package list and Node's version, so that a changed list
 * is a new root, and a root that is there is never made twice.
 */
export function builderRootPlace(cache: string): BuilderRootPlace {
  const list = readFileSync(join(import.meta.dirname, '../containers/builder/packages.txt'), 'utf8');
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const packages = builderPackages(list, architecture);
  const id = sha256(`${release} ${architecture} ${process.version} ${packages.join(' ')}`).slice(0, 16);
  return { directory: join(cache, 'builder-root', id), release, packages };
}

/** The packages of packages.txt for an architecture (Debian's name). */
export function builderPackages(text: string, architecture: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*$/, '').trim())
    .flatMap((line) => {
      const match = /^([a-z0-9][a-z0-9.+-]+)(?:\s+\[([a-z0-9 ]+)\])?$/.exec(line);
      if (match === null) {
        if (line === '') return [];
        throw new Error(`packages.txt: cannot read the line "${line}"`);
      }
      const [, name = '', only] = match;
      return only === undefined || only.split(' ').includes(architecture) ? [name] : [];
    });
}
