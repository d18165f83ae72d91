import { StringDecoder } from 'node:string_decoder';

/**
 * Characters of an unfinished line that are kept; the rest of such a line is dropped. The log cuts at 4,000 when it has
 * hidden secrets: beyond that there is room for the longest, of 4,096 bytes, of which each may be written as three.
 */
const longestKept = 4_001 + 3 * 4_096;

/** Cuts an output into lines, in bounded memory whatever is written. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #emit: (line: string) => void;
  #open = '';

  constructor(emit: (line: string) => void) {
    this.#emit = emit;
  }

  write(chunk: Buffer): void {
    const parts = this.#decoder.write(chunk).split('\n');
    for (const [at, part] of parts.entries()) {
      if (this.#open.length < longestKept) this.#open += part.slice(0, longestKept - this.#open.length);
      if (at < parts.length - 1) this.#flush();
    }
  }

  end(): void {
    this.write(Buffer.from(this.#decoder.end()));
    if (this.#open !== '') this.#flush();
  }

  #flush(): void {
    this.#emit(this.#open.endsWith('\r') ? this.#open.slice(0, -1) : this.#open);
    this.#open = '';
  }
}
