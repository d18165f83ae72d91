import { specLimits } from './limits.ts';
import type { Refusal } from './refusal.ts';

/**
 * Key types that OpenSSH accepts by default, with the fields that follow the type's name in the encoded key (RFC 4253
 * 6.6, RFC 5656 3.1, RFC 8709 4, OpenSSH PROTOCOL.u2f); a number is the field's exact size in bytes.
 */
const keyTypes: Readonly<Record<string, readonly (number | 'any')[]>> = {
  'ssh-ed25519': [32],
  'ssh-rsa': ['any', 'any'],
  'ecdsa-sha2-nistp256': [8, 65],
  'ecdsa-sha2-nistp384': [8, 97],
  'ecdsa-sha2-nistp521': [8, 133],
  'sk-ssh-ed25519@openssh.com': [32, 'any'],
  'sk-ecdsa-sha2-nistp256@openssh.com': [8, 65, 'any'],
};

/** Bytes of the smallest RSA modulus that OpenSSH accepts (RequiredRSASize 1024), its sign byte left out. */
const SMALLEST_RSA_MODULUS = 128;

const remedy = 'Give the whole line of a public key file, such as `~/.ssh/id_ed25519.pub`.';

/** Sizes of the length-prefixed fields of an encoded key after the first, or undefined where they do not fill it exactly. */
function fieldSizes(encoded: string, type: string): number[] | undefined {
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const sizes: number[] = [];
  let offset = 0;
  while (offset + 4 <= bytes.length) {
    const size = view.getUint32(offset);
    const end = offset + 4 + size;
    if (end > bytes.length) return undefined;
    if (offset === 0 && new TextDecoder().decode(bytes.subarray(4, end)) !== type) return undefined;
    sizes.push(size);
    offset = end;
  }
  return offset === bytes.length ? sizes.slice(1) : undefined;
}

/** Judges one line of authorized_keys: a key type, its encoded key, perhaps a comment; options are not taken. */
export function sshKeyRefusal(line: string): Refusal | undefined {
  const refuse = (reason: string): Refusal => ({ code: 'spec.invalid_value', reason, remedy });
  if (line.includes('PRIVATE KEY')) {
    return {
      code: 'spec.invalid_value',
      reason: 'the value is a private key',
      remedy: `${remedy} Replace the private key: it has been sent.`,
    };
  }
  const { value: longest, reason: why } = specLimits.sshKeyLength;
  if (line.length > longest) {
    return { code: 'spec.too_large', reason: `the line is longer than ${longest} characters; ${why}`, remedy };
  }
  if (/\p{Cc}/u.test(line)) return refuse('the value holds a line end or another control character');
  const [type = '', encoded = ''] = line.split(' ');
  const expected = Object.hasOwn(keyTypes, type) ? keyTypes[type] : undefined;
  if (expected === undefined) {
    return refuse(`the line does not begin with a key type that is accepted: ${Object.keys(keyTypes).join(', ')}`);
  }
  if (encoded.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
    return refuse('the key after its type is not complete base64');
  }
  const sizes = fieldSizes(encoded, type);
  const fits =
    sizes?.length === expected.length &&
    sizes.every((size, index) => size > 0 && (expected[index] === 'any' || expected[index] === size));
  if (!fits) return refuse(`the encoded key is not one of type ${type}`);
  if (type === 'ssh-rsa' && (sizes[1] ?? 0) < SMALLEST_RSA_MODULUS) {
    return refuse('the RSA key is shorter than the 1,024 bits that OpenSSH accepts');
  }
  return undefined;
}
