import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../core/errors.ts';

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

/**
 * Finds the Debian archives that this machine's own apt uses: the entries for its own release, of the component
 * `main`, signed by the distribution's keyring or by apt's default one. Empty where there are none.
 * @param root the machine's root folder
 */
export function findArchives(root = '/'): Archives {
  const codename = readCodename(root);
  if (codename === undefined) return {};
  const entries = readEntries(root).filter((entry) => entry.components.includes('main') && isDistributions(entry));
  const addressOf = (suite: string): string | undefined =>
    entries
      .filter((entry) => entry.suites.includes(suite))
      .flatMap((entry) => entry.uris)
      .find((uri) => /^https?:\/\//.test(uri))
      ?.replace(/\/+$/, '');
  const debian = addressOf(codename);
  const debianSecurity = addressOf(`${codename}-security`);
  return {
    ...(debian === undefined ? {} : { debian }),
    ...(debianSecurity === undefined ? {} : { debianSecurity }),
  };
}

/** As findArchives. @throws EngineError archive.not_configured where the machine names none. */
export function requireArchives(root = '/'): Archives & { readonly debian: string } {
  const { debian, ...others } = findArchives(root);
  if (debian !== undefined) return { debian, ...others };
  throw new EngineError(
    'archive.not_configured',
    "This machine's apt sources name no Debian archive over http or https; give its address with --archive URL.",
  );
}

/** A third party's entry names a key of its own; the distribution's names the keyring package's, or none. */
function isDistributions(entry: SourceEntry): boolean {
  return entry.signedBy === undefined || /(^|\/)debian-archive-[a-z0-9-]*keyring\.(gpg|pgp)$/.test(entry.signedBy);
}

/** The release's name where this is Debian itself. */
function readCodename(root: string): string | undefined {
  const file = join(root, 'etc/os-release');
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  if (!/^ID="?debian"?$/m.test(text)) return undefined;
  return /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(text)?.[1];
}

function readEntries(root: string): SourceEntry[] {
  const main = join(root, 'etc/apt/sources.list');
  const parts = join(root, 'etc/apt/sources.list.d');
  const files = [
    ...(existsSync(main) ? [main] : []),
    ...(existsSync(parts) ? readdirSync(parts).sort() : []).map((name) =>
      name.startsWith('/') ? name : join(parts, name),
    ),
  ];
  return files.flatMap((file) => {
    if (file.endsWith('.list')) return parseOneLine(readFileSync(file, 'utf8'));
    if (file.endsWith('.sources')) return parseDeb822(readFileSync(file, 'utf8'));
    return [];
  });
}

/** The one-line format: `deb [ option=value ] uri suite component…`; a comment begins with `#`. */
export function parseOneLine(text: string): SourceEntry[] {
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
export function parseDeb822(text: string): SourceEntry[] {
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
      const enabled = !/^(no|false|off|0)$/i.test(fields.get('enabled') ?? 'yes');
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
