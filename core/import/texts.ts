import { quoted, utf8Length } from '../text.ts';
import type { Foreign } from './foreign.ts';
import { changed, type Reader, type Scope } from './rules.ts';

/** A name for a spec, of any text; undefined where nothing of it can be one. */
export function specName(given: string): string | undefined {
  const name = given
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '');
  return name === '' ? undefined : name;
}

/** Puts the name of the spec. */
export const putSpecName: Reader<string> = (value, node, { draft }) => {
  const name = specName(value);
  if (name === undefined) draft.say(node, 'dropped', `nothing of ${quoted(value)} can be the name of a spec`);
  else
    draft.require(['name'], name, node, name === value ? {} : changed('names have lower-case letters, digits and `-`'));
};

/** Puts a locale, always in UTF-8: `en_US`, `en_US.utf8`. */
export const putLocale: Reader<string> = (value, node, { draft }) => {
  const [, place = value, charset = '', variant = ''] = /^([^.@]*)(\.[^@]*)?(@.*)?$/.exec(value) ?? [];
  const locale = `${place === 'POSIX' ? 'C' : place}.UTF-8${variant}`;
  const note = /^\.utf-?8$/i.test(charset) ? 'in the usual form' : 'locales are in UTF-8';
  draft.put(['system', 'locale'], locale, node, locale === value ? {} : changed(note));
};

/** Layouts whose names in the console are not those of XKB. */
const layouts: Readonly<Record<string, string>> = {
  uk: 'gb',
  sg: 'ch',
  sf: 'ch',
  slovene: 'si',
  dvorak: 'us',
  jp106: 'jp',
  trq: 'tr',
  trf: 'tr',
  'cz-lat2': 'cz',
  croat: 'hr',
};

/** Puts a keyboard layout, whose variant has no place. */
export const putKeyboard: Reader<string> = (value, node, { draft }) => {
  const known = Object.hasOwn(layouts, value) ? layouts[value] : undefined;
  const layout = known ?? value.split(/[-_,(]/)[0] ?? value;
  const note = known === undefined ? 'the layout without its variant' : `${value} is called ${known} by XKB`;
  draft.put(['system', 'keyboard'], layout, node, layout === value ? {} : changed(note));
};

/** Permission bits as text, from octal digits. */
export const putMode: Reader<string> = (value, node, { draft, at }) => {
  const digits = value.replace(/^0o/, '').padStart(4, '0');
  const mode = digits.length > 4 ? digits.replace(/^0+(?=\d{4}$)/, '') : digits;
  draft.put([...at, 'mode'], mode, node, mode === value ? {} : changed('with four digits'));
};

/** Puts a user or a group that owns a file, by name or number. */
export function putOwner(field: 'owner' | 'group'): Reader<string | number> {
  return (value, node, { draft, at }) => {
    const told = typeof value === 'number' ? { note: 'by its number' } : {};
    draft.put([...at, field], String(value), node, told);
  };
}

/** Puts certificates, of which a text may hold many. */
export const putCertificates: Reader<string> = (value, node, { draft }) => {
  const found = value.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) return draft.say(node, 'dropped', 'it holds no certificate in PEM');
  for (const pem of found) {
    // Lines of YAML that are set in keep no certificate from being one.
    const text = `${pem.replaceAll(/[\t ]*\r?\n[\t ]*/g, '\n')}\n`;
    draft.add(['certificates'], text, node, found.length > 1 ? changed('each certificate is an entry of its own') : {});
  }
  return undefined;
};

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1_024,
  kb: 1_000,
  kib: 1_024,
  m: 1_024 ** 2,
  mb: 1_000 ** 2,
  mib: 1_024 ** 2,
  g: 1_024 ** 3,
  gb: 1_000 ** 3,
  gib: 1_024 ** 3,
  t: 1_024 ** 4,
  tb: 1_000 ** 4,
  tib: 1_024 ** 4,
};

/** Bytes of a size such as 1073741824, "10 GiB", "2G"; undefined where it is none. */
export function readBytes(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value > 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const [, digits, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(value) ?? [];
  const factor = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
  const bytes = Number(digits) * (factor ?? Number.NaN);
  return Number.isFinite(bytes) && bytes > 0 ? bytes : undefined;
}

const mebibyte = 1_024 ** 2;

/** Puts a size in MiB at a field, at least as large as a disk can have it. */
export function putSize(
  node: Foreign,
  { draft }: Scope,
  at: Parameters<Scope['draft']['put']>[0],
  least: number,
): void {
  const bytes = readBytes(node.value);
  if (bytes === undefined) {
    draft.say(node, 'dropped', 'it is no size: write bytes, or such as "10 GiB"');
    return;
  }
  const size = Math.max(least, Math.ceil(bytes / mebibyte));
  const exact = size * mebibyte === bytes;
  const note = bytes < least * mebibyte ? `${least} MiB is the least` : `${size} MiB, rounded up`;
  draft.put(at, size, node, exact ? {} : changed(note));
}

/** Whether a text is what YAML and shells take for yes; undefined where it is neither yes nor no. */
export function readFlag(value: string): boolean | undefined {
  if (/^(?:1|yes|y|true|t|on|always)$/i.test(value)) return true;
  return /^(?:0|no|n|false|f|off|never)$/i.test(value) ? false : undefined;
}

/** Bytes as the base64 of RFC 4648. */
export function base64Of(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The bytes of a base64 that may have white space in it; undefined where it is none. */
export function bytesOf(base64: string): Uint8Array | undefined {
  const digits = base64.replaceAll(/\s/g, '').replace(/=+$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(digits) || digits.length % 4 === 1) return undefined;
  return Uint8Array.from(atob(digits), (character) => character.charCodeAt(0));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The content of a file of the spec: text where it is some, else base64. */
export function contentOf(bytes: Uint8Array): { readonly field: 'content' | 'base64'; readonly value: string } {
  try {
    const value = utf8.decode(bytes);
    if (!value.includes('\0') && utf8Length(value) === bytes.length) return { field: 'content', value };
  } catch {
    // It is no text.
  }
  return { field: 'base64', value: base64Of(bytes) };
}
