import { canonicalJson, type JsonValue } from '../digest.ts';
import { toJson, utf8 } from '../json.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { type EvidenceFile, evidenceFile } from './evidence-file.ts';

/** What stands for a value that evidence does not tell: it is given on with the image, to whoever gets that. */
export const redacted = '(redacted)';

/** Members whose texts are secret, whatever section of the spec they are in: password hashes, passphrases, tokens. */
const secretMember = /password|passphrase|secret|token|private_?key|credential/i;

/** A spec, or a part of one, as it may be shown with the image: as it is, but for the texts of secret members. */
export function redactedSpec(spec: object): JsonValue {
  return redact(toJson(spec), false);
}

function redact(value: JsonValue, secret: boolean): JsonValue {
  if (value === null || typeof value !== 'object') return secret && typeof value === 'string' ? redacted : value;
  if (isList(value)) return value.map((entry) => redact(entry, secret));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, redact(member, secret || secretMember.test(name))]),
  );
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The resolved spec, redacted. */
export function specFile(spec: ResolvedSpec): EvidenceFile {
  return evidenceFile('spec', utf8(`${canonicalJson(redactedSpec(spec))}\n`));
}
