import { type FileHandle, open } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { inParallel } from './in-parallel.ts';
import { withRetries } from './retry.ts';
import { downloadRange, TransferError, type TransferRequest } from './transfer.ts';

/** How a blob comes down. */
export interface RangeSizes {
  /** Bytes of the first range: what is no longer comes in one request. */
  readonly first: number;
  /** Bytes of each further range. */
  readonly further: number;
}

/** 64 MiB is a second's worth of a task's link; ranges of 8 to 16 MiB are what S3 gives at its full speed. */
export const usualRanges: RangeSizes = { first: 64 * 1024 ** 2, further: 16 * 1024 ** 2 };

/** Ranges of one blob at one time. */
const parallel = 4;

/**
 * Downloads a blob of any size to a file: the first range tells the size, and the others come beside it. A range that
 * breaks off goes on where it was. Nothing is verified here: what reads the file checks its digest.
 * @param sign gives a request for the blob; asked again where one was refused or broke off, since it may have expired
 * @throws TransferError; what `sign` throws
 */
export async function downloadInRanges(
  sign: () => Promise<TransferRequest>,
  file: string,
  options: { readonly signal: AbortSignal; readonly random: () => number; readonly sizes?: RangeSizes },
): Promise<void> {
  const { random, sizes = usualRanges } = options;
  const handle = await open(file, 'w');
  const size = Promise.withResolvers<number>();
  size.promise.catch(() => undefined);
  let signed = sign();
  signed.catch(() => undefined);
  let next = sizes.first;

  const fetchRange = async (start: number, end: number, signal: AbortSignal): Promise<void> => {
    let at = start;
    let broken = false;
    await withRetries(
      async () => {
        if (broken) signed = sign();
        broken = true;
        await downloadRange(await signed, { start: at, end }, signal, (found) => {
          size.resolve(found.size);
          at = found.start;
          return writeAt(handle, found.start, (written) => {
            at += written;
          });
        });
        if (at < Math.min(end, await size.promise)) throw new TransferError('a download ended early', true);
      },
      (error) => error instanceof TransferError && error.temporary,
      { signal, random },
    );
  };

  try {
    await inParallel(parallel, options.signal, async (worker, signal) => {
      if (worker === 0) {
        await fetchRange(0, sizes.first, signal).catch((error: unknown) => {
          size.reject(error);
          throw error;
        });
      }
      const total = await size.promise;
      while (next < total) {
        const start = next;
        next = Math.min(total, start + sizes.further);
        await fetchRange(start, next, signal);
      }
    });
  } finally {
    await handle.close();
  }
}

/** Writes at a position of a file; `wrote` hears of each piece that is in it. */
function writeAt(handle: FileHandle, start: number, wrote: (bytes: number) => void): Writable {
  let position = start;
  return new Writable({
    highWaterMark: 1 << 20,
    write(chunk: Buffer, _encoding, done) {
      const write = async () => {
        for (let from = 0; from < chunk.length; ) {
          const { bytesWritten } = await handle.write(chunk, from, chunk.length - from, position);
          from += bytesWritten;
          position += bytesWritten;
          wrote(bytesWritten);
        }
      };
      write().then(() => done(), done);
    },
  });
}
