import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineUnreachable, isTransient } from './engine-error.ts';
import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type {
  DeclaredUpload,
  DeclareUploadData,
  ListUploadsData,
  RemovedUpload,
  Upload,
  UploadList,
} from './generated/types.gen.ts';
import { describeSource, sendBytes, type UploadSource } from './upload.ts';

/** Tries of an upload, and the pauses between them. */
const pauses = [1_000, 3_000, 10_000, 30_000];

/** The calls of a client that are about uploads. */
export function uploadCalls(client: ReturnType<typeof createClient>, url: string) {
  const shared = { client, throwOnError: true } as const;

  /** Declares a file by digest and size; the answer says how to send its bytes, where they are not there. */
  async function declareUpload(body: DeclareUploadData['body']): Promise<DeclaredUpload> {
    return (await operations.declareUpload({ ...shared, body })).data;
  }

  async function readUpload(sha256: string): Promise<Upload> {
    return (await operations.readUpload({ ...shared, path: { sha256 } })).data;
  }

  /** Removes an upload. @throws ApiProblem upload.in_use where a build uses it that has not ended */
  async function removeUpload(sha256: string): Promise<RemovedUpload> {
    return (await operations.removeUpload({ ...shared, path: { sha256 } })).data;
  }

  /** A page of the tenant's uploads, newest first. */
  async function listUploads(query: NonNullable<ListUploadsData['query']> = {}): Promise<UploadList> {
    return (await operations.listUploads({ ...shared, query })).data;
  }

  /**
   * Uploads a file, so that a spec can name it by the `sha256` of the answer; one that is there already is not sent.
   * What breaks off is begun anew, with a new address. The store checks the digest of what it gets.
   * @param options.name what it is shown as; a path's last part unless given
   * @throws ApiProblem, EngineUnreachable, UploadRefused
   */
  async function uploadFile(
    source: UploadSource,
    options: { readonly name?: string; readonly signal?: AbortSignal; readonly pauses?: readonly number[] } = {},
  ): Promise<Upload> {
    const { signal } = options;
    const name = options.name ?? (typeof source === 'string' ? plainName(source) : undefined);
    const { sha256, size } = await describeSource(source, signal);
    const attempt = async (): Promise<Upload> => {
      const { put, ...upload } = await declareUpload({ sha256, size, ...(name === undefined ? {} : { name }) });
      if (put === undefined) return upload;
      await sendBytes(put, source, signal);
      const sent = await readUpload(sha256);
      if (sent.state === 'stored') return sent;
      throw new EngineUnreachable(url, 'the upload is not there though it was taken');
    };
    for (const pause of options.pauses ?? pauses) {
      try {
        return await attempt();
      } catch (error) {
        if (!isTransient(error)) throw error;
        await sleep(pause, undefined, signal === undefined ? {} : { signal });
      }
    }
    return attempt();
  }

  return { declareUpload, readUpload, removeUpload, listUploads, uploadFile };
}

/** The file's name, where it is one that the engine takes. */
function plainName(file: string): string | undefined {
  const name = path.basename(file);
  return /^[^\p{C}/]{1,255}$/u.test(name) ? name : undefined;
}
