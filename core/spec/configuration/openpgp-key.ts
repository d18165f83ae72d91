import type { Refusal } from '../refusal.ts';

/** Characters of an armored key: a keyring of a distribution, with all its signatures, has some 60,000. */
export const longestKey = 65_536;
const begin = '-----BEGIN PGP PUBLIC KEY BLOCK-----';
const end = '-----END PGP PUBLIC KEY BLOCK-----';
const remedy = `Give the archive's public key as \`gpg --export --armor\` writes it, from \`${begin}\` to its END line.`;

/** Armor of RFC 9580 6.2: header lines, an empty line, base64, and a checksum that may be left out. */
const armor = new RegExp(
  `^${begin}\\n(?:[A-Za-z]+: [^\\n]*\\n)*\\n((?:[A-Za-z0-9+/]+\\n)*[A-Za-z0-9+/]+={0,2}\\n)(=[A-Za-z0-9+/]{4}\\n)?${end}$`,
);

/** Type id of the packet that a public key begins with (RFC 9580 5). */
const publicKeyPacket = 6;

interface Armored {
  readonly base64: string;
  readonly checksum: string;
}

function readArmor(text: string): Armored | undefined {
  const found = armor.exec(text.replaceAll('\r\n', '\n').trim());
  if (found?.[1] === undefined) return undefined;
  return { base64: found[1].replaceAll('\n', ''), checksum: found[2] ?? '' };
}

/** The packet type of a byte that begins a packet; undefined where none begins with it. */
function packetType(byte: number | undefined): number | undefined {
  if (byte === undefined || (byte & 0x80) === 0) return undefined;
  return (byte & 0x40) === 0 ? (byte >> 2) & 0xf : byte & 0x3f;
}

/**
 * The bytes of an armored public key: a keyring as gpgv reads it.
 * @returns undefined where the text is no armored public key
 */
export function publicKeyBytes(text: string): Uint8Array | undefined {
  const armored = readArmor(text);
  const digits = armored?.base64.replaceAll('=', '') ?? '';
  // No bytes have so many digits, and atob would throw.
  if (digits.length % 4 === 1) return undefined;
  const bytes = Uint8Array.from(atob(digits), (character) => character.charCodeAt(0));
  return packetType(bytes[0]) === publicKeyPacket ? bytes : undefined;
}

/** An armored key without its remarks, in one form: equal keys of one export are equal texts. */
export function plainArmor(text: string): string {
  const armored = readArmor(text);
  if (armored === undefined) return text;
  const lines = armored.base64.match(/.{1,64}/g) ?? [];
  return `${begin}\n\n${lines.join('\n')}\n${armored.checksum}${end}\n`;
}

/** Judges a text: one armored block that begins with a public key. */
export function publicKeyRefusal(text: string): Refusal | undefined {
  if (text.includes('PRIVATE KEY')) {
    const replace = `${remedy} Replace the private key: it has been sent.`;
    return { code: 'spec.invalid_value', reason: 'the value holds a private key', remedy: replace };
  }
  if (text.length > longestKey) {
    return { code: 'spec.too_large', reason: `the text is longer than ${longestKey} characters`, remedy };
  }
  if (publicKeyBytes(text) !== undefined) return undefined;
  return { code: 'spec.invalid_value', reason: 'the value is not one public key of OpenPGP in ASCII armor', remedy };
}
