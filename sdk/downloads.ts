import { platform } from '#platform';
import { ApiProblem, EngineUnreachable, isProblem, reasonOf, UsageError } from './engine-error.ts';
import type { Artifact, Evidence } from './generated/types.gen.ts';
import { ChecksumMismatch, type ExpectedFile, type FileLocation, resumedBytes } from './resuming.ts';
import { retryAfterSeconds, retrying } from './retrying.ts';
import { type CallOptions, type Transport, withSignal } from './transport.ts';

/** A file that was downloaded and verified. */
export interface DownloadedFile extends ExpectedFile {
  readonly path: string;
}

/** What a download takes. `maxRetries` counts tries in a row that bring no byte; 5 unless given. */
export interface DownloadOptions extends CallOptions {
  /** Gets how many bytes of how many have come, piece by piece. */
  readonly onProgress?: (received: number, size: number) => void;
}

const usualRetries = 5;

/** The calls of a client that download what a build made. @internal */
export function downloadCalls(
  engine: Transport,
  listArtifacts: (id: string, options?: CallOptions) => Promise<readonly Artifact[]>,
) {
  function downloadArtifact(id: string, name: string, to: string, options?: DownloadOptions): Promise<DownloadedFile>;
  function downloadArtifact(
    id: string,
    name: string,
    to: WritableStream<Uint8Array>,
    options?: DownloadOptions,
  ): Promise<ExpectedFile>;
  /**
   * Downloads an artifact and verifies its SHA-256; a download that is cut goes on where it was.
   * @param to a folder (Node), where the file appears under its own name, whole or not at all; or a stream, which is
   *   closed at the end, and aborted where the download fails
   * @throws ApiProblem, EngineUnreachable, ChecksumMismatch, DownloadChanged, the reason of an aborted signal
   */
  async function downloadArtifact(
    id: string,
    name: string,
    to: string | WritableStream<Uint8Array>,
    options: DownloadOptions = {},
  ): Promise<DownloadedFile | ExpectedFile> {
    const file = await artifactOf(id, name, options);
    const bytes = verified(bytesOf(placeOf(id, name), file, options), file);
    return typeof to === 'string' ? await writeFile(to, file, bytes) : await writeStream(to, file, bytes);
  }

  /** Downloads an artifact into memory, or to where a browser keeps large Blobs, and verifies its SHA-256. */
  async function readArtifact(id: string, name: string, options: DownloadOptions = {}): Promise<Blob> {
    const file = await artifactOf(id, name, options);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    const bytes = verified(bytesOf(placeOf(id, name), file, options), file);
    for await (const piece of bytes) parts.push(piece as Uint8Array<ArrayBuffer>);
    return new Blob(parts, { type: file.mediaType });
  }

  /** Downloads a file of a build's evidence into a folder, as an artifact is. */
  async function downloadEvidence(
    id: string,
    file: Evidence,
    folder: string,
    options: DownloadOptions = {},
  ): Promise<DownloadedFile> {
    const bytes = bytesOf(evidencePlaceOf(id, file.name), file, options);
    return await writeFile(folder, file, verified(bytes, file));
  }

  /** Where an artifact is, for whoever has that address within minutes: for a browser, or another program. */
  async function artifactAddress(id: string, name: string, options: CallOptions = {}): Promise<string> {
    return await addressOf(placeOf(id, name), options);
  }

  /** The same of a file of a build's evidence. */
  async function evidenceAddress(id: string, name: string, options: CallOptions = {}): Promise<string> {
    return await addressOf(evidencePlaceOf(id, name), options);
  }

  async function addressOf(place: string, options: CallOptions): Promise<string> {
    const { address, begun } = await locate(place, options);
    await begun?.body?.cancel();
    return address;
  }

  /** @throws ApiProblem artifact.not_found and the like, as the engine says it of a name that is in no list */
  async function artifactOf(id: string, name: string, options: CallOptions): Promise<Artifact> {
    const found = (await listArtifacts(id, options)).find((artifact) => artifact.name === name);
    if (found !== undefined) return found;
    const { begun } = await locate(placeOf(id, name), options);
    await begun?.body?.cancel();
    throw new EngineUnreachable(engine.url, `it has the artifact ${name} and does not list it`);
  }

  function bytesOf(place: string, file: ExpectedFile, options: DownloadOptions): AsyncGenerator<Uint8Array> {
    return resumedBytes({
      ...{ file, send: engine.send, signal: options.signal, onProgress: options.onProgress },
      maxRetries: options.maxRetries ?? usualRetries,
      locate: (signal) => locate(place, { ...options, signal }),
    });
  }

  /** Asks the engine where a file is. The key is for the engine only: a redirect is followed without it. */
  async function locate(place: string, options: CallOptions): Promise<FileLocation> {
    const follows = platform.followsRedirects;
    const { timeoutMilliseconds } = engine;
    const policy = { maxRetries: options.maxRetries ?? 3, timeoutMilliseconds };
    const ask = follows ? begunWithin(engine.send, timeoutMilliseconds) : retrying(engine.send, policy);
    const headers = { authorization: await engine.authorization() };
    let response: Response;
    try {
      response = await ask(`${engine.url}${place}`, {
        ...{ redirect: follows ? 'follow' : 'manual', headers },
        ...withSignal(options.signal),
      });
    } catch (error) {
      options.signal?.throwIfAborted();
      throw new EngineUnreachable(engine.url, reasonOf(error), error);
    }
    if (response.redirected && response.ok) return { address: response.url, begun: response };
    const location = response.headers.get('location');
    if (response.status === 307 && location !== null) return { address: location };
    const problem: unknown = await response.json().catch(() => undefined);
    const asked = retryAfterSeconds(response.headers.get('retry-after'), Date.now());
    if (isProblem(problem)) throw new ApiProblem(problem, asked);
    throw new EngineUnreachable(engine.url, `it answered ${response.status} instead of a redirect`, undefined, asked);
  }

  return { downloadArtifact, readArtifact, downloadEvidence, artifactAddress, evidenceAddress };
}

/** A fetch whose answer begins within a time; what follows may take longer. */
function begunWithin(send: typeof fetch, timeoutMilliseconds: number): typeof fetch {
  return async (input, init) => {
    const ended = new AbortController();
    const late = () => ended.abort(new Error(`no answer came within ${timeoutMilliseconds} ms`));
    const timer = setTimeout(late, timeoutMilliseconds);
    const abort = () => ended.abort(init?.signal?.reason);
    if (init?.signal?.aborted === true) abort();
    // For the body too, which the caller reads.
    init?.signal?.addEventListener('abort', abort, { once: true });
    try {
      return await send(input, { ...init, signal: ended.signal });
    } finally {
      clearTimeout(timer);
    }
  };
}

function placeOf(id: string, name: string): string {
  return `/v1/builds/${encodeURIComponent(id)}/artifacts/${encodeURIComponent(name)}`;
}

function evidencePlaceOf(id: string, name: string): string {
  return `/v1/builds/${encodeURIComponent(id)}/evidence/${encodeURIComponent(name)}`;
}

/** Passes bytes on, and ends well only where they were what was expected. @throws ChecksumMismatch */
async function* verified(bytes: AsyncIterable<Uint8Array>, file: ExpectedFile): AsyncGenerator<Uint8Array> {
  const hash = platform.createSha256();
  let size = 0;
  for await (const piece of bytes) {
    size += piece.byteLength;
    hash.update(piece);
    yield piece;
  }
  const found = { size, sha256: hash.hex() };
  if (found.size !== file.size || found.sha256 !== file.sha256) throw new ChecksumMismatch(file, found);
}

async function writeFile(
  folder: string,
  file: ExpectedFile,
  bytes: AsyncIterable<Uint8Array>,
): Promise<DownloadedFile> {
  const { name, size, sha256 } = file;
  // The name comes from a server: it must not lead out of the folder.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw new UsageError(`the name ${JSON.stringify(name)} is no file name`, 'Give a stream in place of the folder.');
  }
  return { path: await platform.writeFile(folder, name, bytes), name, size, sha256 };
}

async function writeStream(
  to: WritableStream<Uint8Array>,
  file: ExpectedFile,
  bytes: AsyncIterable<Uint8Array>,
): Promise<ExpectedFile> {
  const writer = to.getWriter();
  try {
    for await (const piece of bytes) {
      await writer.ready;
      await writer.write(piece);
    }
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => undefined);
    throw error;
  } finally {
    writer.releaseLock();
  }
  const { name, size, sha256 } = file;
  return { name, size, sha256 };
}
