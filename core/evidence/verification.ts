import { z } from 'zod';
import { testResultSchema } from '../compliance/statement.ts';
import { canonicalJson, type Sha256, sha256 } from '../digest.ts';
import { readJson } from '../json.ts';
import type { NamedFile } from './built-image.ts';
import { checksumLines } from './checksums.ts';
import { cyclonedxDocumentSchema } from './cyclonedx-schema.ts';
import { preAuthenticationEncoding, readEnvelope, type SignedPayload } from './envelope.ts';
import { type EvidenceKind, evidenceFiles, evidenceKinds } from './evidence-file.ts';
import { packageLineSchema } from './package-list.ts';
import { spdxDocumentSchema } from './spdx-schema.ts';
import { type Statement, statementSchema } from './statement.ts';

/** A file as it was found. Evidence comes with its bytes; an artifact may be too large for that. */
export interface FoundFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: Sha256;
  readonly bytes?: Uint8Array;
}

/** A public key that the caller trusts. */
export interface TrustedKey {
  /** SHA-256 of its SubjectPublicKeyInfo in DER. */
  readonly keyId: string;
  /** Whether a signature in DER (ECDSA P-256, SHA-256) is this key's for these bytes. */
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** What is wrong with a file. */
export interface Finding {
  readonly file: string;
  readonly reason: string;
}

export interface Verification {
  /** Nothing was found where all is well. */
  readonly findings: readonly Finding[];
  /** Names of the files that are what the build made, sorted. */
  readonly verified: readonly string[];
  /** Names of the files that the evidence says nothing of, sorted. */
  readonly unnamed: readonly string[];
  /** What was signed; absent where no signature verifies. */
  readonly statement?: Statement;
}

/**
 * The files that a statement speaks of, as its envelope says, whoever signed it: they are worth reading. Empty where it is
 * no such envelope.
 */
export function namesIn(envelope: Uint8Array): ReadonlySet<string> {
  try {
    const { subject, predicate } = statementSchema.parse(readJson(readEnvelope(readJson(envelope), envelope).payload));
    return new Set([...subject, ...predicate.runDetails.byproducts].map(({ name }) => name));
  } catch {
    // Why it is none is told by whoever verifies it.
    return new Set();
  }
}

/**
 * Checks files against the signed provenance among them: the signature, each file's SHA-256 and size, the list of
 * checksums, and that the documents are what their names say. Nothing of what is found is believed before the signature
 * verifies. Pure: reading, hashing and the key are the caller's.
 * @param whole every file that the provenance names must be there, and no finding is made of a file that it does not
 * name; else only those given are looked at, and each must be named
 */
export function verifyEvidence(files: readonly FoundFile[], key: TrustedKey, whole: boolean): Verification {
  const byName = new Map(files.map((file) => [file.name, file]));
  const signatureName = evidenceFiles.signature.name;
  const refused = (reason: string): Verification => {
    return { findings: [{ file: signatureName, reason }], verified: [], unnamed: [] };
  };
  const envelope = byName.get(signatureName);
  if (envelope?.bytes === undefined) return refused('it is missing, and nothing else vouches for the files');
  let signed: SignedPayload;
  let statement: Statement;
  try {
    signed = readEnvelope(readJson(envelope.bytes), envelope.bytes);
  } catch (error) {
    return refused(`it is no signed envelope: ${reasonOf(error)}`);
  }
  if (signed.keyId !== key.keyId) return refused(`it is signed by the key ${signed.keyId}, not by ${key.keyId}`);
  if (!key.verify(preAuthenticationEncoding(signed.payload), signed.signature)) {
    return refused('the signature does not verify: it is of another statement, or was changed');
  }
  try {
    statement = statementSchema.parse(readJson(signed.payload));
  } catch (error) {
    return refused(`what it signs is no provenance of an image: ${reasonOf(error)}`);
  }
  return { ...checkFiles(byName, signed, statement, { key, whole }), statement };
}

function checkFiles(
  byName: ReadonlyMap<string, FoundFile>,
  { payload }: SignedPayload,
  statement: Statement,
  { key, whole }: { readonly key: TrustedKey; readonly whole: boolean },
): Omit<Verification, 'statement'> {
  const named = [...statement.subject, ...statement.predicate.runDetails.byproducts].map(
    ({ name, digest, annotations }): NamedFile => ({ name, sha256: digest.sha256, size: annotations.size }),
  );
  const expected = new Map(named.map((file) => [file.name, file]));
  const own = new Set<string>(evidenceKinds.map((kind) => evidenceFiles[kind].name));
  const reasons = new Map<string, string>();
  for (const { name } of named) {
    if (whole && !byName.has(name)) reasons.set(name, 'it is missing');
  }
  const judged = expected.has(evidenceFiles.compliance.name) ? [evidenceFiles['compliance-signature']] : [];
  for (const { name } of [evidenceFiles.provenance, evidenceFiles.checksums, ...judged]) {
    if (whole && !byName.has(name)) reasons.set(name, 'it is missing');
  }
  const unnamed = [...byName.keys()].filter((name) => !expected.has(name) && !own.has(name));
  if (!whole) for (const name of unnamed) reasons.set(name, 'the provenance does not name it');
  for (const file of byName.values()) {
    const reason =
      reasonAgainst(file, expected.get(file.name), payload, named) ??
      reasonOfForm(file, statement) ??
      reasonOfTestResult(file, expected, statement, key);
    if (reason !== undefined) reasons.set(file.name, reason);
  }
  const skipped = new Set(unnamed);
  return {
    findings: [...reasons].map(([file, reason]) => ({ file, reason })).sort((a, b) => (a.file < b.file ? -1 : 1)),
    verified: [...byName.keys()].filter((name) => !reasons.has(name) && !skipped.has(name)).sort(),
    unnamed: unnamed.sort(),
  };
}

/** Why a file is not what the build made; undefined where it is, or where nothing is said of it. */
function reasonAgainst(
  file: FoundFile,
  expected: NamedFile | undefined,
  payload: Uint8Array,
  named: readonly NamedFile[],
): string | undefined {
  if (file.name === evidenceFiles.provenance.name) {
    if (file.bytes !== undefined && Buffer.from(file.bytes).equals(payload)) return undefined;
    return `it is not the statement that ${evidenceFiles.signature.name} signs`;
  }
  if (file.name === evidenceFiles.checksums.name) return reasonOfChecksums(file, payload, named);
  if (expected === undefined) return undefined;
  if (file.size !== expected.size) return `it has ${file.size} bytes, not ${expected.size}`;
  if (file.sha256 !== expected.sha256) return `its SHA-256 is ${file.sha256}, not ${expected.sha256}`;
  return undefined;
}

/** The list of checksums has a line for each file that is signed and one for the statement, and no other. */
function reasonOfChecksums(
  { bytes = new Uint8Array() }: FoundFile,
  payload: Uint8Array,
  named: readonly NamedFile[],
): string | undefined {
  const statement = { name: evidenceFiles.provenance.name, sha256: sha256(payload) };
  const wanted = checksumLines([...named, statement]);
  const found = Buffer.from(bytes).toString('latin1').split('\n');
  for (const [position, line] of [...wanted, ''].entries()) {
    if (found[position] !== line) return `its line ${position + 1} is not ${line === '' ? 'the end' : `\`${line}\``}`;
  }
  return found.length === wanted.length + 1 ? undefined : 'it has more lines than there are files';
}

/** Parsers of the documents whose form is known; each throws where the document is not of its form. */
const forms: Partial<Record<EvidenceKind, (bytes: Uint8Array, statement: Statement) => void>> = {
  packages: (bytes) => {
    const lines = Buffer.from(bytes).toString('utf8').split('\n');
    for (const line of lines.slice(0, -1)) packageLineSchema.parse(JSON.parse(line));
  },
  spdx: (bytes, statement) => {
    const { packages } = spdxDocumentSchema.parse(readJson(bytes));
    mustTell(
      statement,
      packages.map(({ name, checksums }) => ({ name, sha256: checksums?.[0]?.checksumValue })),
    );
  },
  cyclonedx: (bytes, statement) => {
    const { components } = cyclonedxDocumentSchema.parse(readJson(bytes));
    mustTell(
      statement,
      components.map(({ name, hashes }) => ({ name, sha256: hashes?.[0]?.content })),
    );
  },
  spec: (bytes, statement) => {
    const { spec } = statement.predicate.buildDefinition.externalParameters;
    if (canonicalJson(readJson(bytes)) !== canonicalJson(spec)) throw new Error('it is not the spec that is signed');
  },
};

/** @throws Error where what a document tells of its artifacts is not what the statement says */
function mustTell(
  statement: Statement,
  told: readonly { readonly name: string; readonly sha256: Sha256 | undefined }[],
): void {
  const digests = told.flatMap(({ name, sha256: digest }) => (digest === undefined ? [] : [`${digest} ${name}`]));
  const wanted = statement.subject.map(({ name, digest }) => `${digest.sha256} ${name}`);
  if (digests.sort().join('\n') !== wanted.sort().join('\n')) throw new Error('it tells of other artifacts');
}

function reasonOfForm({ name, bytes }: FoundFile, statement: Statement): string | undefined {
  const kind = evidenceKinds.find((one) => evidenceFiles[one].name === name);
  const check = kind === undefined ? undefined : forms[kind];
  if (check === undefined) return undefined;
  if (bytes === undefined) return 'it was not read';
  try {
    check(bytes, statement);
    return undefined;
  } catch (error) {
    return `it is not of its form: ${reasonOf(error)}`;
  }
}

/** Why a signed test result is not the key’s about these very artifacts and this report; undefined of every other file. */
function reasonOfTestResult(
  { name, bytes }: FoundFile,
  expected: ReadonlyMap<string, NamedFile>,
  statement: Statement,
  key: TrustedKey,
): string | undefined {
  if (name !== evidenceFiles['compliance-signature'].name) return undefined;
  const report = expected.get(evidenceFiles.compliance.name);
  if (report === undefined) return 'the provenance names no report of compliance';
  if (bytes === undefined) return 'it was not read';
  try {
    const { keyId, payload, signature } = readEnvelope(readJson(bytes), bytes);
    if (keyId !== key.keyId) return `it is signed by the key ${keyId}, not by ${key.keyId}`;
    if (!key.verify(preAuthenticationEncoding(payload), signature)) return 'the signature does not verify';
    const { subject, predicate } = testResultSchema.parse(readJson(payload));
    mustTell(
      statement,
      subject.map(({ name: artifact, digest }) => ({ name: artifact, sha256: digest.sha256 })),
    );
    const told = predicate.configuration.find((one) => one.name === report.name)?.digest.sha256;
    return told === report.sha256 ? undefined : `it is about another ${report.name}`;
  } catch (error) {
    return `it is no signed test result: ${reasonOf(error)}`;
  }
}

/** The first thing that is wrong, in a line. */
function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return issue === undefined ? 'it is not valid' : `${issue.path.map(String).join('.')} ${issue.message}`;
  }
  return error instanceof Error ? error.message : String(error);
}
