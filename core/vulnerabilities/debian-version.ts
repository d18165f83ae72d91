import { vulnerabilityLimits } from './limits.ts';

/** A version of a Debian package in its parts (Debian Policy 5.6.12, deb-version(7)). */
export interface DebianVersion {
  readonly epoch: number;
  readonly upstream: string;
  /** Empty where there is none, which orders as `0` does. */
  readonly revision: string;
}

/** dpkg keeps an epoch in a C int. */
const mostEpoch = 2_147_483_647;

/**
 * Reads a version; undefined where it is none. That the upstream version begins with a digit is not asked for: dpkg
 * installs a package without one, with a warning.
 */
export function parseDebianVersion(text: string): DebianVersion | undefined {
  if (text.length > vulnerabilityLimits.versionLength) return undefined;
  // The first colon ends the epoch and the last hyphen begins the revision: more of them are the upstream version's.
  const colon = text.indexOf(':');
  const epochText = colon === -1 ? '0' : text.slice(0, colon);
  const rest = text.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  const upstream = hyphen === -1 ? rest : rest.slice(0, hyphen);
  const revision = hyphen === -1 ? '' : rest.slice(hyphen + 1);
  if (!/^[0-9]+$/.test(epochText) || !/^[A-Za-z0-9.+~:-]+$/.test(upstream)) return undefined;
  if (hyphen !== -1 && !/^[A-Za-z0-9.+~]+$/.test(revision)) return undefined;
  const epoch = Number(epochText);
  return epoch > mostEpoch ? undefined : { epoch, upstream, revision };
}

/** Whether a text is a version of a Debian package. */
export function isDebianVersion(text: string): boolean {
  return parseDebianVersion(text) !== undefined;
}

/** The order of versions, as dpkg has it: negative, 0 or positive. Versions of different text may be equal. */
export function compareDebianVersions(a: DebianVersion, b: DebianVersion): number {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1;
  return compareParts(a.upstream, b.upstream) || compareParts(a.revision, b.revision);
}

/** As compareDebianVersions, of texts. @throws RangeError where one is no version */
export function compareVersionTexts(a: string, b: string): number {
  return compareDebianVersions(versionOf(a), versionOf(b));
}

/** As parseDebianVersion, of a text that is known to be a version. @throws RangeError where it is none */
export function versionOf(text: string): DebianVersion {
  const version = parseDebianVersion(text);
  if (version === undefined) throw new RangeError(`${JSON.stringify(text.slice(0, 60))} is no version of a package`);
  return version;
}

/** Codes of the characters that the order names. */
const [zero, nine, tilde] = [0x30, 0x39, 0x7e];

const isDigitAt = (text: string, at: number): boolean => text.charCodeAt(at) >= zero && text.charCodeAt(at) <= nine;
const isOtherAt = (text: string, at: number): boolean => at < text.length && !isDigitAt(text, at);

/** Place of a character in the order: a tilde before the end of the text, letters before all others. */
function weightAt(text: string, at: number): number {
  if (!isOtherAt(text, at)) return 0;
  const code = text.charCodeAt(at);
  if (code === tilde) return -1;
  return /[A-Za-z]/.test(text.charAt(at)) ? code : code + 256;
}

/** Compares by turns what is no digit, character by character, and runs of digits as numbers of any size. */
function compareParts(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    while (isOtherAt(a, i) || isOtherAt(b, j)) {
      const difference = weightAt(a, i) - weightAt(b, j);
      if (difference !== 0) return difference;
      i++;
      j++;
    }
    const [first, second] = [digitsFrom(a, i), digitsFrom(b, j)];
    if (first.digits.length !== second.digits.length) return first.digits.length - second.digits.length;
    if (first.digits !== second.digits) return first.digits < second.digits ? -1 : 1;
    [i, j] = [first.end, second.end];
  }
  return 0;
}

/** The run of digits at a place, without its leading zeros, and where it ends. */
function digitsFrom(text: string, at: number): { readonly digits: string; readonly end: number } {
  let end = at;
  while (isDigitAt(text, end)) end++;
  let start = at;
  while (start < end && text.charCodeAt(start) === zero) start++;
  return { digits: text.slice(start, end), end };
}
