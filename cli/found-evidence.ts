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
 * The files that are to be verified: those of one folder, which must then hold all that a build made, or those given.
 * @throws CliFailure where one cannot be read, or two have one name
 */
export async function findEvidence(
  paths: readonly string[],
): Promise<{ readonly files: readonly FoundFile[]; readonly whole: boolean }> {
  const [first] = paths;
  try {
    const whole = first !== undefined && paths.length === 1 && (await stat(first)).isDirectory();
    const found = whole ? await filesIn(first) : paths;
    const names = found.map((file) => path.basename(file));
    const twice = names.find((name, position) => names.indexOf(name) !== position);
    if (twice !== undefined) throw new Error(`two files are called ${twice}`);
    const files: FoundFile[] = [];
    for (const file of found) files.push(await readFound(file));
    return { files, whole };
  } catch (error) {
    const detail = `${paths.join(' ')} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    const remedy = 'Name one folder that `lbuild download --evidence` wrote to, or files of it.';
    throw new CliFailure('usage', { code: 'cli.file_unreadable', detail, remedy }, error);
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(folder, entry.name));
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
