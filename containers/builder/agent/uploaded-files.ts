import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Sha256 } from '../../../core/digest.ts';
import type { UploadedFiles } from '../contract.ts';
import type { BlobSource } from '../layers/shelf.ts';
import { StepError } from '../step-error.ts';

/** Bytes that are in memory at one time. */
const pieceBytes = 1 << 20;

/**
 * What the options of a step name of the tenant's uploads. The bytes are hashed as they are written: whatever the store
 * or the way from it made of them, no file of a tree holds others than the plan's.
 * @param digests the only ones that the step may read
 * @param signal ends the waiting and the writing, though not a download, which other steps may wait for
 */
export function openUploadedFiles(blobs: BlobSource, digests: readonly Sha256[], signal: AbortSignal): UploadedFiles {
  return {
    async write(sha256, file) {
      if (!digests.includes(sha256)) throw new Error(`the step does not read the upload ${sha256}`);
      const path = await unlessAborted(blobs(sha256), signal);
      const source = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const found = await copyHashed(source, file, signal);
        if (found === sha256) return;
        throw new StepError('layer.damaged', `the upload ${sha256} is refused: its bytes have the SHA-256 ${found}`);
      } finally {
        await source.close();
      }
    },
  };
}

async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function copyHashed(source: FileHandle, target: FileHandle, signal: AbortSignal): Promise<Sha256> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(pieceBytes);
  for (let at = 0; ; ) {
    signal.throwIfAborted();
    const { bytesRead } = await source.read(piece, 0, piece.length, at);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(piece.subarray(0, bytesRead));
    for (let done = 0; done < bytesRead; ) {
      done += (await target.write(piece, done, bytesRead - done, at + done)).bytesWritten;
    }
    at += bytesRead;
  }
}
