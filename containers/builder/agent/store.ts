import { type PartDigests, partBytes, partsThreshold } from '../../../core/builds/parts.ts';
import { type Sha256, sha256 } from '../../../core/digest.ts';
import type { Exchange } from './exchange-client.ts';
import { uploadInParts } from './part-upload.ts';
import { downloadInRanges, type RangeSizes, usualRanges } from './range-download.ts';
import { withRetries } from './retry.ts';
import { handOverFile, TransferError, upload } from './transfer.ts';

/** Outputs that are files; each may be large. */
export type FileOutput = 'layer' | 'index' | 'module' | 'artifact';
/** Outputs of boot tests and inspections: files too small to go up in parts. */
export type SmallOutput = 'log' | 'screen' | 'inspection';
export type OutputKind = FileOutput | SmallOutput | 'receipt' | 'result';

/** How outputs go up: in parts of `size` bytes from more than `threshold` bytes on. */
export interface PartSizes {
  readonly threshold: number;
  readonly size: number;
}

export interface StoreOptions {
  readonly signal: AbortSignal;
  readonly random: () => number;
  /** A folder from which a store on this machine takes files over. */
  readonly outputs?: string;
  /** The product's own unless given. */
  readonly parts?: PartSizes;
  readonly ranges?: RangeSizes;
}

interface Declared {
  readonly step: string;
  readonly output: OutputKind;
  readonly size: number;
  readonly sha256: Sha256;
}

/** What goes to and comes from the store, each by a request that the exchange signs for exactly these bytes. */
export class Store {
  readonly #exchange: Exchange;
  readonly #options: StoreOptions;

  constructor(exchange: Exchange, options: StoreOptions) {
    this.#exchange = exchange;
    this.#options = options;
  }

  /**
   * Uploads an output: by one request, or a large one in parts, unless the store on this machine takes it over.
   * @returns the parts that it went up in
   * @throws TransferError, ExchangeError, TicketRefused
   */
  async putFile(
    step: string,
    output: FileOutput,
    content: { readonly file: string; readonly size: number; readonly sha256: Sha256 },
  ): Promise<PartDigests | undefined> {
    const { file, size, sha256 } = content;
    const { outputs, parts = { threshold: partsThreshold, size: partBytes } } = this.#options;
    const inside = outputs !== undefined && file.startsWith(`${outputs}/`);
    const handOver = inside ? { name: file.slice(outputs.length + 1) } : undefined;
    const declared = { step, output, size, sha256 };
    if (size <= parts.threshold) {
      await this.#put(declared, { file, size, ...(handOver === undefined ? {} : { handOver }) });
      return undefined;
    }
    if (handOver !== undefined && (await this.#handOver(declared, { file, size, handOver }))) return undefined;
    const { signal, random } = this.#options;
    return uploadInParts(
      { step, output, file, size, partSize: parts.size },
      { exchange: this.#exchange, signal, random },
    );
  }

  /**
   * Uploads an output by one request, which is for no more than `partsThreshold` bytes.
   * @throws TransferError, ExchangeError, TicketRefused
   */
  async putSmall(
    step: string,
    output: SmallOutput,
    { file, size, sha256 }: { readonly file: string; readonly size: number; readonly sha256: Sha256 },
  ): Promise<void> {
    await this.#put({ step, output, size, sha256 }, { file, size });
  }

  /** @throws TransferError, ExchangeError, TicketRefused */
  async putJson(step: string, output: OutputKind, value: unknown): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(value));
    await this.#put({ step, output, size: bytes.length, sha256: sha256(bytes) }, { bytes });
  }

  /** @throws TransferError, ExchangeError, TicketRefused */
  async fetchBlob(digest: Sha256, file: string): Promise<void> {
    const { signal, random, ranges = usualRanges } = this.#options;
    const sign = async () => (await this.#exchange.ask({ kind: 'fetch', digest }, 'download')).request;
    await downloadInRanges(sign, file, { signal, random, sizes: ranges });
  }

  async #handOver(declared: Declared, content: Parameters<typeof handOverFile>[1]): Promise<boolean> {
    return this.#retried(async () => {
      const { request } = await this.#exchange.ask({ kind: 'declare', ...declared }, 'upload');
      return handOverFile(request, content, this.#options.signal);
    });
  }

  async #put(declared: Declared, content: Parameters<typeof upload>[1]): Promise<void> {
    await this.#retried(async () => {
      const { request } = await this.#exchange.ask({ kind: 'declare', ...declared }, 'upload');
      await upload(request, content, this.#options.signal);
    });
  }

  /** A signed request may have expired: each retry asks for a new one. */
  async #retried<Result>(action: () => Promise<Result>): Promise<Result> {
    return withRetries(action, (error) => error instanceof TransferError && error.temporary, this.#options);
  }
}
