import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { sha256, startSha256 } from '../core/digest.ts';
import { evidenceFiles } from '../core/evidence/evidence-file.ts';
import type { FoundFile, TrustedKey } from '../core/evidence/verification.ts';
import { CliFailure } from './failure.ts';

/** Evidence of the largest image has some MB. What is larger is hashed like an artifact, and then not right. */
const largestEvidence = 64 << 20;
const evidenceNames = new Set<string>(Object.values(evidenceFiles).map(({ name }) => name));

/** Reads a public key that evidence may be signed with. @throws CliFailure where the file holds none on P-256 */
export async function readTrustedKey(file: string): Promise<TrustedKey> {
  let key: KeyObject;
  try {
    key = createPublicKey(await readFile(file, 'utf8'));
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('it holds no ECDSA key on P-256');
  } catch (error) {
    const detail = `${file} is no public key: ${error instanceof Error ? error.message : String(error)}`;
    const remedy = 'Give the file that `lbuild signing-key` wrote, from an engine that you trust.';
    throw new CliFailure('usage', { code: 'cli.key_unreadable', detail, remedy }, error);
  }
  return {
    keyId: sha256(key.export({ type: 'spki', format: 'der' })),
    verify: (bytes, signature) => verify('sha256', bytes, { key, dsaEncoding: 'der' }, signature),
  };
}

/**
 * The files that are to be verified: those of one folder, which must then hold all that a build made, or those given. Of
 * a folder only evidence is read, and what that names: other files there may be many and large, or another user's.
 * @param namesIn names of the files that an envelope speaks of
 * @returns `others`: names of the folder's other files, sorted
 * @throws CliFailure where one cannot be read, or two have one name
 */
export async function findEvidence(
  paths: readonly string[],
  namesIn: (envelope: Uint8Array) => ReadonlySet<string>,
): Promise<{ readonly files: readonly FoundFile[]; readonly whole: boolean; readonly others: readonly string[] }> {
  const [first] = paths;
  try {
    const whole = first !== undefined && paths.length === 1 && (await stat(first)).isDirectory();
    if (whole) return { ...(await findIn(first, namesIn)), whole };
    const names = paths.map((file) => path.basename(file));
    const twice = names.find((name, position) => names.indexOf(name) !== position);
    if (twice !== undefined) throw new Error(`two files are called ${twice}`);
    const files: FoundFile[] = [];
    for (const file of paths) files.push(await readFound(file));
    return { files, whole, others: [] };
  } catch (error) {
    const detail = `${paths.join(' ')} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    const remedy = 'Name one folder that `lbuild download --evidence` wrote to, or files of it.';
    throw new CliFailure('usage', { code: 'cli.file_unreadable', detail, remedy }, error);
  }
}

async function findIn(folder: string, namesIn: (envelope: Uint8Array) => ReadonlySet<string>) {
  const entries = await readdir(folder, { withFileTypes: true });
  const files: FoundFile[] = [];
  const others: string[] = [];
  let named: ReadonlySet<string> = new Set();
  // The envelope first: it names the others.
  const isEnvelope = (name: string) => name === evidenceFiles.signature.name;
  const names = entries.flatMap((entry) => (entry.isFile() ? entry.name : [])).sort();
  for (const name of [...names.filter(isEnvelope), ...names.filter((one) => !isEnvelope(one))]) {
    if (!evidenceNames.has(name) && !named.has(name)) {
      others.push(name);
      continue;
    }
    const file = await readFound(path.join(folder, name));
    if (isEnvelope(name) && file.bytes !== undefined) named = namesIn(file.bytes);
    files.push(file);
  }
  return { files, others };
}

async function readFound(file: string): Promise<FoundFile> {
  const name = path.basename(file);
  if (evidenceNames.has(name) && (await stat(file)).size <= largestEvidence) {
    const bytes = await readFile(file);
    return { name, size: bytes.length, sha256: sha256(bytes), bytes };
  }
  const hash = startSha256();
  let size = 0;
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) {
    if (!(piece instanceof Uint8Array)) throw new Error('it cannot be read as bytes');
    hash.update(piece);
    size += piece.length;
  }
  return { name, size, sha256: hash.digest() };
}
