import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ExchangeRequest } from '../../../core/builds/exchange.ts';
import { type PartDigests, partRange } from '../../../core/builds/parts.ts';
import type { Sha256 } from '../../../core/digest.ts';
import type { Exchange } from './exchange-client.ts';
import { inParallel } from './in-parallel.ts';
import { withRetries } from './retry.ts';
import { TransferError, uploadPart } from './transfer.ts';

/** Parts of one output at one time. */
const parallel = 4;

export interface PartUpload {
  readonly step: string;
  readonly output: Extract<ExchangeRequest, { kind: 'declare-parts' }>['output'];
  readonly file: string;
  readonly size: number;
  /** Bytes of each part but the last. */
  readonly partSize: number;
}

/**
 * Uploads a file in parts, each signed for exactly its bytes and tried again by itself. A part is read twice, for its
 * digest and then to be sent: the second time it still lies in memory, so the disk reads the file once.
 * @returns the digests that the store has checked
 * @throws TransferError, ExchangeError, TicketRefused; the parts that are there go with the attempt
 */
export async function uploadInParts(
  upload: PartUpload,
  options: { readonly exchange: Exchange; readonly signal: AbortSignal; readonly random: () => number },
): Promise<PartDigests> {
  const { step, output, file, size, partSize } = upload;
  const { exchange, random } = options;
  const { count } = await exchange.ask({ kind: 'declare-parts', step, output, size, partSize }, 'parts');
  const sent: { sha256: Sha256; etag: string }[] = [];
  let next = 1;
  await inParallel(Math.min(parallel, count), options.signal, async (_, signal) => {
    while (next <= count) {
      const number = next;
      next += 1;
      const part = { file, ...partRange(size, partSize, number) };
      const sha256 = await digestRange(part, signal);
      const etag = await withRetries(
        async () => {
          const { request } = await exchange.ask({ kind: 'declare-part', step, output, number, sha256 }, 'upload');
          return uploadPart(request, part, signal);
        },
        (error) => error instanceof TransferError && error.temporary,
        { signal, random },
      );
      sent[number - 1] = { sha256, etag };
    }
  });
  await exchange.ask({ kind: 'complete-parts', step, output, parts: sent }, 'completed');
  return { size: partSize, sha256: sent.map((part) => part.sha256) };
}

async function digestRange(
  { file, start, end }: { file: string; start: number; end: number },
  signal: AbortSignal,
): Promise<Sha256> {
  const hash = createHash('sha256');
  const pieces = createReadStream(file, { start, end: end - 1, highWaterMark: 1 << 20, signal });
  for await (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}
