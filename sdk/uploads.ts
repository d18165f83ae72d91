import { platform } from '#platform';
import { EngineUnreachable, isTransient, LinuxBuilderError, reasonOf } from './engine-error.ts';
import * as operations from './generated/sdk.gen.ts';
import type {
  DeclaredUpload,
  DeclareUploadData,
  ListUploadsData,
  RemovedUpload,
  Upload,
  UploadList,
} from './generated/types.gen.ts';
import { type Listing, listing } from './pages.ts';
import type { Sending } from './platform/platform.ts';
import type { CallOptions, Transport } from './transport.ts';
import { sleep } from './waiting.ts';

/** A file to upload: its path (Node), or its bytes. It is read twice: for its digest, and to be sent. */
export type UploadSource = string | Blob;

/** The store did not take the bytes, and would not take them if they were sent again. */
export class UploadRefused extends LinuxBuilderError {
  readonly code = 'upload.refused';
  readonly remedy = 'Leave the file as it is while it is uploaded, and upload it again.';
  readonly status: number;

  constructor(status: number) {
    super(
      `the store answered ${status} to the upload: the file was changed while it was uploaded, or the URL is not its`,
    );
    this.name = 'UploadRefused';
    this.status = status;
  }
}

/** Tries of an upload, and the pauses between them. */
const pauses = [1_000, 3_000, 10_000, 30_000];

/** Uploads: files that specs name by digest. @internal */
export function uploadCalls(engine: Transport) {
  /** Declares a file by digest and size; the answer says how to send its bytes, where they are not there. */
  const declare = async (body: DeclareUploadData['body'], options?: CallOptions): Promise<DeclaredUpload> =>
    (await operations.declareUpload({ ...engine.of(options), body })).data;

  const read = async (sha256: string, options?: CallOptions): Promise<Upload> =>
    (await operations.readUpload({ ...engine.of(options), path: { sha256 } })).data;

  /**
   * Uploads a file, so that a spec can name it by the `sha256` of the answer; one that is there already is not sent.
   * What breaks off is begun anew, with a new address. The store checks the digest of what it gets.
   * @param options.name what it is shown as; its own name unless given
   * @param options.maxRetries how often; 4 times unless given, or as often as there are `pauses` (milliseconds)
   * @throws ApiProblem, EngineUnreachable, UploadRefused
   */
  async function send(
    source: UploadSource,
    options: CallOptions & { readonly name?: string; readonly pauses?: readonly number[] } = {},
  ): Promise<Upload> {
    const { signal } = options;
    const name = options.name ?? plainName(platform.nameOfSource(source));
    const { sha256, size } = await platform.describeSource(source, signal);
    const attempt = async (): Promise<Upload> => {
      const body = { sha256, size, ...(name === undefined ? {} : { name }) };
      const { put, ...upload } = await declare(body, options);
      if (put === undefined) return upload;
      await sendBytes(put, source, { signal, send: engine.givenFetch });
      const sent = await read(sha256, options);
      if (sent.state === 'stored') return sent;
      throw new EngineUnreachable(engine.url, 'the upload is not there though it was taken');
    };
    const waits = options.pauses ?? pauses;
    const { maxRetries = waits.length } = options;
    for (let failures = 0; ; failures += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!isTransient(error) || failures >= maxRetries) throw error;
        await sleep(waits[Math.min(failures, waits.length - 1)] ?? 0, signal);
      }
    }
  }

  return {
    ...{ declare, read, send },

    /** Removes an upload. @throws ApiProblem upload.in_use where a build uses it that has not ended */
    remove: async (sha256: string, options?: CallOptions): Promise<RemovedUpload> =>
      (await operations.removeUpload({ ...engine.of(options), path: { sha256 } })).data,

    /** The tenant's uploads, newest first. */
    list: (query: NonNullable<ListUploadsData['query']> = {}, options?: CallOptions): Listing<UploadList, Upload> =>
      listing(
        query,
        async (page) => (await operations.listUploads({ ...engine.of(options), query: { ...query, ...page } })).data,
        ({ uploads }) => uploads,
      ),
  };
}

/**
 * Sends the bytes as the declaration says.
 * @throws EngineUnreachable where it may go well another time; UploadRefused
 */
async function sendBytes(
  put: NonNullable<DeclaredUpload['put']>,
  source: UploadSource,
  sending: Sending,
): Promise<void> {
  const { origin } = new URL(put.url);
  let status: number;
  try {
    status = await platform.sendSource(put, source, sending);
  } catch (error) {
    sending.signal?.throwIfAborted();
    throw new EngineUnreachable(origin, reasonOf(error), error);
  }
  // 412: they are there already, from an upload whose answer was lost; the store checked their digest.
  if (status === 200 || status === 412) return;
  if (status >= 500 || status === 403 || status === 408 || status === 429) {
    throw new EngineUnreachable(origin, `the upload was answered ${status}`);
  }
  throw new UploadRefused(status);
}

/** A name, where it is one that the engine takes. */
function plainName(name: string | undefined): string | undefined {
  return name !== undefined && /^[^\p{C}/]{1,255}$/u.test(name) ? name : undefined;
}
