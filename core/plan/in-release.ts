import type { Sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';

/** What planning reads of a suite's InRelease file. */
export interface InRelease {
  readonly codename: string | undefined;
  readonly suite: string | undefined;
  /** Epoch seconds. */
  readonly date: number;
  /** Epoch seconds after which the text does not hold any more; undefined where it does not say. */
  readonly validUntil: number | undefined;
  /** SHA-256 of each file that it lists, by its name below dists/SUITE/. */
  readonly files: ReadonlyMap<string, Sha256>;
}

const beginMessage = '-----BEGIN PGP SIGNED MESSAGE-----';
const beginSignature = '-----BEGIN PGP SIGNATURE-----';
const fileLine = /^ ([0-9a-f]{64}) +\d{1,15} +([A-Za-z0-9][A-Za-z0-9+._~/-]{0,254})$/;

/**
 * Reads the signed part of an InRelease file (deb822 in an OpenPGP cleartext signature, RFC 9580 section 7).
 * It does not verify the signature: the builder does, with the distribution's keyring, and refuses an archive whose
 * indexes differ from those that the plan names.
 * @throws EngineError archive.unreachable where the text is no InRelease file.
 */
export function parseInRelease(text: string, place: string): InRelease {
  const fields = new Map<string, string>();
  const files = new Map<string, Sha256>();
  let field = '';
  for (const line of signedLines(text, place)) {
    const header = /^([A-Za-z0-9-]{1,60}):[ \t]*(.*)$/.exec(line);
    if (header?.[1] !== undefined) {
      field = header[1].toLowerCase();
      fields.set(field, header[2] ?? '');
    } else if (field === 'sha256') {
      const file = fileLine.exec(line);
      if (file?.[1] !== undefined && file[2] !== undefined) files.set(file[2], file[1]);
    }
  }
  const milliseconds = Date.parse(fields.get('date') ?? '');
  if (Number.isNaN(milliseconds) || milliseconds < 0) throw refused(place, 'it has no readable Date');
  if (files.size === 0) throw refused(place, 'it lists no SHA256 of any file');
  const until = fields.get('valid-until');
  const untilMilliseconds = Date.parse(until ?? '');
  return {
    validUntil:
      until === undefined ? undefined : Number.isNaN(untilMilliseconds) ? 0 : Math.floor(untilMilliseconds / 1_000),
    codename: fields.get('codename'),
    suite: fields.get('suite'),
    date: Math.floor(milliseconds / 1_000),
    files,
  };
}

/** Lines between the armour's head and the signature. What stands outside them is signed by nobody. */
function signedLines(text: string, place: string): readonly string[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  if (lines[0] !== beginMessage) throw refused(place, 'it is not a signed InRelease file');
  const body = lines.indexOf('');
  const end = lines.indexOf(beginSignature);
  if (body < 0 || end < body) throw refused(place, 'its signature is missing');
  return lines.slice(body + 1, end).map((line) => (line.startsWith('- ') ? line.slice(2) : line));
}

function refused(place: string, reason: string): EngineError {
  return new EngineError('archive.unreachable', `${place} is no InRelease file: ${reason}.`);
}
