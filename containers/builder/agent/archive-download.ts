import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { AddressRefused } from '../../../adapters/network/address-refused.ts';
import type { ArchiveFile } from '../contract.ts';
import { digestFile } from '../layers/file-digest.ts';
import { StepError } from '../step-error.ts';
import { withRetries } from './retry.ts';
import { TransferError } from './transfer.ts';

/** A transfer that moves no byte for so long has failed, and goes on from there. */
const idleMilliseconds = 30_000;
/** Together about five seconds: an archive that is away stays away for longer, and a build is soon submitted again. */
const attempts = 6;

/** Asks an address by GET, as `fetch` does. */
export type ArchiveFetch = (
  address: string,
  init: { readonly headers?: Readonly<Record<string, string>>; readonly signal: AbortSignal },
) => Promise<Response>;

export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly random: () => number;
  /** In place of the runtime's `fetch`. */
  readonly fetch?: ArchiveFetch;
  /** Bytes that came since the last call. */
  onBytes?(count: number): void;
}

/** Node knows the authorities of its own release; an operator's own one is where the system keeps them. */
let systemTrusted = false;
function trustSystem(address: string): void {
  if (systemTrusted || !address.startsWith('https:')) return;
  setDefaultCACertificates([...getCACertificates('default'), ...getCACertificates('system')]);
  systemTrusted = true;
}

/** The archive's path without its host: addresses reach users in error texts, and hosts are the operator's affair. */
function shown(address: string): string {
  return new URL(address).pathname;
}

/** The archive answers, and has no such file (any more). */
class FileGone extends TransferError {}

/** Opens an address from a byte on. @throws TransferError; `temporary` where the same again may go well */
async function open(address: string, from: number, ask: ArchiveFetch, signal: AbortSignal): Promise<Response> {
  trustSystem(address);
  const response = await ask(address, {
    // What is hashed are the archive's bytes, not what a server packs them into on the way.
    headers: { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
    signal,
  }).catch((error: unknown) => {
    if (error instanceof StepError) throw error;
    if (error instanceof AddressRefused) throw new TransferError(error.message, false);
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : 'the connection failed';
    throw new TransferError(cause, true);
  });
  if (response.status === 200 || (from > 0 && response.status === 206)) return response;
  await response.body?.cancel().catch(() => undefined);
  const answered = `the archive answered with status ${response.status}`;
  if (response.status === 404 || response.status === 410) throw new FileGone(answered, false);
  const passing = response.status >= 500 || [408, 416, 425, 429].includes(response.status);
  throw new TransferError(answered, passing);
}

/** The body's chunks, at most so many bytes, ended where none comes for long. */
async function* bounded(response: Response, mostBytes: number, idle: () => void): AsyncGenerator<Uint8Array> {
  let size = 0;
  let timer = setTimeout(idle, idleMilliseconds);
  try {
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      timer = setTimeout(idle, idleMilliseconds);
      size += chunk.length;
      if (size > mostBytes) throw new TransferError(`it has more than ${mostBytes} bytes`, false);
      yield chunk;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Runs one request under a signal that also ends it where nothing comes any more. */
async function transfer<Result>(
  address: string,
  from: number,
  mostBytes: number,
  { signal, fetch: ask = fetch }: DownloadOptions,
  use: (chunks: AsyncGenerator<Uint8Array>, response: Response) => Promise<Result>,
): Promise<Result> {
  const idle = new AbortController();
  const stop = () => idle.abort(new TransferError('the archive sends nothing any more', true));
  const first = setTimeout(stop, idleMilliseconds);
  try {
    const response = await open(address, from, ask, AbortSignal.any([signal, idle.signal]));
    clearTimeout(first);
    return await use(bounded(response, mostBytes, stop), response);
  } catch (error) {
    if (error instanceof TransferError || error instanceof StepError) throw error;
    if (signal.aborted) throw signal.reason;
    throw new TransferError(error instanceof Error ? error.message : 'the connection failed', true);
  } finally {
    clearTimeout(first);
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

function unreachable(address: string, error: unknown): unknown {
  if (!(error instanceof TransferError)) return error;
  return new StepError('archive.unreachable', `${shown(address)} could not be fetched: ${error.message}.`);
}

/** Files that a failure names. */
const mostNamed = 20;

/** What the archive answers that it has no longer: a plan pins each of its files by digest, an archive keeps some. */
export function goneFiles(addresses: readonly string[]): StepError {
  const named = addresses.slice(0, mostNamed).map(shown).sort().join(', ');
  const more = addresses.length > mostNamed ? ` and ${addresses.length - mostNamed} more` : '';
  return new StepError('archive.gone', `The archive no longer has ${named}${more}.`);
}

/**
 * Downloads a file of the archive to its place and verifies its digest. What a broken connection has left is gone on
 * from, with growing pauses between the tries.
 * @throws StepError archive.unreachable; archive.gone where the archive answers and has it not; archive.untrusted where
 *   it has other bytes; the signal's reason
 */
export async function downloadFile(file: ArchiveFile, options: DownloadOptions): Promise<void> {
  const { address, place, size } = file;
  const retries = { signal: options.signal, random: options.random, attempts };
  const piece = async () => {
    const present = await sizeOf(place);
    const from = present < size ? present : 0;
    await transfer(address, from, size, options, async (chunks, response) => {
      const appends = response.status === 206;
      const counted = Readable.from(chunks).on('data', (chunk: Uint8Array) => options.onBytes?.(chunk.length));
      await pipeline(counted, createWriteStream(place, { flags: appends ? 'a' : 'w' }));
    });
    if ((await sizeOf(place)) < size) throw new TransferError('it ended early', true);
  };
  // A second time from the first byte on: the pieces may have come from two servers that did not agree.
  for (const last of [false, true]) {
    try {
      await withRetries(piece, (error) => error instanceof TransferError && error.temporary, retries);
    } catch (error) {
      await rm(place, { force: true });
      if (error instanceof FileGone) throw goneFiles([address]);
      throw unreachable(address, error);
    }
    if ((await digestFile(place)).sha256 === file.sha256) return;
    await rm(place, { force: true });
    if (last) break;
  }
  throw new StepError('archive.untrusted', `${shown(address)} is not the file that the signed index names.`);
}

/**
 * The bytes that the archive has at an address now. Of a text that every archive has, an absent one means no archive.
 * @throws StepError archive.unreachable; the signal's reason
 */
export async function readAddress(address: string, mostBytes: number, options: DownloadOptions): Promise<Buffer> {
  const read = () =>
    transfer(address, 0, mostBytes, options, async (chunks) => {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      return Buffer.concat(parts);
    });
  try {
    return await withRetries(read, (error) => error instanceof TransferError && error.temporary, {
      ...options,
      attempts,
    });
  } catch (error) {
    throw unreachable(address, error);
  }
}
