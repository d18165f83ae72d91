import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** One entry of apt's sources, of either format (sources.list(5)). */
interface SourceEntry {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly signedBy: string | undefined;
}

/** Addresses of the distribution's archives. */
export interface Archives {
  readonly debian?: string;
  readonly debianSecurity?: string;
}

/** Names under which the archive's main suites go beside the release's own; any of them is of the same archive. */
const suiteAliases = ['stable', 'oldstable', 'testing', 'unstable', 'sid'];

/**
 * Finds the Debian archives that this machine's own apt uses: the entries for its own release, of the component
 * `main`, signed by the distribution's keyring or by apt's default one; a list of mirrors (`mirror+file:`) stands for
 * its first one. Empty where there are none.
 * @param root the machine's root folder
 */
export function findArchives(root = '/'): Archives {
  const codename = readCodename(root);
  if (codename === undefined) return {};
  const entries = readEntries(root).filter((entry) => entry.components.includes('main'));
  // An entry without a key may be a third party's whose key is among apt's default ones: the named keyring is surer.
  const named = entries.filter((entry) => entry.signedBy !== undefined && isDistributionsKey(entry.signedBy));
  const ordered = [...named, ...entries.filter((entry) => entry.signedBy === undefined)];
  const addressOf = (suites: readonly string[]): string | undefined =>
    ordered
      .filter((entry) => entry.suites.some((suite) => suites.includes(suite)))
      .flatMap((entry) => entry.uris.flatMap((uri) => addressesOf(root, uri)))[0]
      ?.replace(/\/+$/, '');
  const debian = addressOf([codename]) ?? addressOf(suiteAliases);
  const debianSecurity =
    addressOf([`${codename}-security`]) ?? addressOf(suiteAliases.map((alias) => `${alias}-security`));
  return {
    ...(debian === undefined ? {} : { debian }),
    ...(debianSecurity === undefined ? {} : { debianSecurity }),
  };
}

/** A third party's entry names a key of its own; the distribution's names a keyring of its keyring package. */
function isDistributionsKey(signedBy: string): boolean {
  return signedBy.split(/[\s,]+/).some((key) => /(^|\/)debian-archive-[a-z0-9-]+\.(gpg|pgp|asc)$/.test(key));
}

/** The http addresses that a URI stands for: itself, or those of its list of mirrors (apt-transport-mirror(1)). */
function addressesOf(root: string, uri: string): string[] {
  if (/^https?:\/\//.test(uri)) return [uri];
  const list = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1];
  if (list === undefined || !isFile(join(root, list))) return [];
  return readFileSync(join(root, list), 'utf8')
    .split('\n')
    .flatMap((line) => /^\s*(https?:\/\/\S+)/.exec(line)?.[1] ?? []);
}

/** The release's name where this is Debian itself. */
function readCodename(root: string): string | undefined {
  const file = join(root, 'etc/os-release');
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  if (!/^ID=["']?debian["']?$/m.test(text)) return undefined;
  return /^VERSION_CODENAME=["']?([a-z]+)["']?$/m.exec(text)?.[1];
}

/** The entries of all files that apt reads, in its order. */
function readEntries(root: string): SourceEntry[] {
  const parts = join(root, 'etc/apt/sources.list.d');
  const files = [
    join(root, 'etc/apt/sources.list'),
    ...(existsSync(parts) ? readdirSync(parts).sort() : []).map((name) => join(parts, name)),
  ];
  return files.filter(isFile).flatMap((file) => {
    if (file.endsWith('.list')) return parseOneLine(readFileSync(file, 'utf8'));
    if (file.endsWith('.sources')) return parseDeb822(readFileSync(file, 'utf8'));
    return [];
  });
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

/** The one-line format: `deb [ option=value ] uri suite component…`; a comment begins with `#`. */
function parseOneLine(text: string): SourceEntry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(line.replace(/#.*$/, ''));
    if (match === null) return [];
    const [, options = '', uri = '', suite = '', components = ''] = match;
    return [
      {
        uris: [uri],
        suites: [suite],
        components: words(components),
        signedBy: /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1],
      },
    ];
  });
}

/** The deb822 format: stanzas of fields; a line that begins with a space goes on with the field before. */
function parseDeb822(text: string): SourceEntry[] {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const fields = new Map<string, string>();
      for (const line of stanza.replace(/\n[ \t]+/g, ' ').split('\n')) {
        const colon = line.indexOf(':');
        if (colon > 0) fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
      }
      const enabled = !/^(no|false|without|off|disable|0)$/i.test(fields.get('enabled') ?? 'yes');
      if (!enabled || !words(fields.get('types')).includes('deb')) return [];
      return [
        {
          uris: words(fields.get('uris')),
          suites: words(fields.get('suites')),
          components: words(fields.get('components')),
          signedBy: fields.get('signed-by'),
        },
      ];
    });
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
