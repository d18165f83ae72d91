import { errorCatalogue } from './error-catalogue.ts';

export type ErrorCode = keyof typeof errorCatalogue;

/** One thing that is wrong with one field. `path` is a JSON-path-like place such as `packages.install[2]`. */
export interface FieldError {
  readonly path: string;
  readonly code: string;
  readonly reason: string;
  readonly remedy: string;
}

/** A failure in domain words; adapters and functions translate it, they never parse its text. */
export class EngineError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly fields: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;
  /** Facts for programs, told beside the usual members of problem details (RFC 9457, 3.2). */
  readonly extensions: Readonly<Record<string, string | number>>;
  readonly #status: number | undefined;

  /** @param options.status where an error of this code answers with another status than the catalogue's */
  constructor(
    code: ErrorCode,
    detail: string,
    options: {
      fields?: readonly FieldError[];
      retryAfterSeconds?: number;
      cause?: unknown;
      status?: number;
      extensions?: Readonly<Record<string, string | number>>;
    } = {},
  ) {
    super(`${code}: ${detail}`, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'EngineError';
    this.code = code;
    this.detail = detail;
    this.fields = options.fields ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.extensions = options.extensions ?? {};
    this.#status = options.status;
  }

  get status(): number {
    return this.#status ?? errorCatalogue[this.code].status;
  }

  get remedy(): string {
    return errorCatalogue[this.code].remedy;
  }
}
