import { type Sha256, sha256 } from '../../../core/digest.ts';
import type { Exchange } from './exchange-client.ts';
import { withRetries } from './retry.ts';
import { download, TransferError, upload } from './transfer.ts';

export type OutputKind = 'layer' | 'index' | 'module' | 'receipt' | 'artifact' | 'result';

export interface StoreOptions {
  readonly signal: AbortSignal;
  readonly random: () => number;
  /** A folder from which a store on this machine takes files over. */
  readonly outputs?: string;
}

/** What goes to and comes from the store, each by a request that the exchange signs for exactly these bytes. */
export class Store {
  readonly #exchange: Exchange;
  readonly #options: StoreOptions;

  constructor(exchange: Exchange, options: StoreOptions) {
    this.#exchange = exchange;
    this.#options = options;
  }

  /** @throws TransferError, ExchangeError, TicketRefused */
  async putFile(
    step: string,
    output: OutputKind,
    content: { readonly file: string; readonly size: number; readonly sha256: Sha256 },
  ): Promise<void> {
    const { file, size } = content;
    const { outputs } = this.#options;
    const inside = outputs !== undefined && file.startsWith(`${outputs}/`);
    const handOver = inside ? { handOver: { name: file.slice(outputs.length + 1) } } : {};
    await this.#put({ step, output, size, sha256: content.sha256 }, { file, size, ...handOver });
  }

  /** @throws TransferError, ExchangeError, TicketRefused */
  async putJson(step: string, output: OutputKind, value: unknown): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(value));
    await this.#put({ step, output, size: bytes.length, sha256: sha256(bytes) }, { bytes });
  }

  /** @throws TransferError, ExchangeError, TicketRefused */
  async fetchBlob(digest: Sha256, file: string): Promise<void> {
    await this.#retried(async () => {
      const { request } = await this.#exchange.ask({ kind: 'fetch', digest }, 'download');
      await download(request, file, this.#options.signal);
    });
  }

  async #put(
    declared: { step: string; output: OutputKind; size: number; sha256: Sha256 },
    content: Parameters<typeof upload>[1],
  ): Promise<void> {
    await this.#retried(async () => {
      const { request } = await this.#exchange.ask({ kind: 'declare', ...declared }, 'upload');
      await upload(request, content, this.#options.signal);
    });
  }

  /** A signed request may have expired: each retry asks for a new one. */
  async #retried(action: () => Promise<void>): Promise<void> {
    await withRetries(action, (error) => error instanceof TransferError && error.temporary, this.#options);
  }
}
