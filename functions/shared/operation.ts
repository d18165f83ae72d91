import type { z } from 'zod';
import type { Permission } from '../../core/access/permissions.ts';
import type { Principal } from '../../core/access/principal.ts';
import type { Reach } from '../../core/access/reach.ts';
import type { CsvTable } from '../../core/billing/csv.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { Ports } from '../../core/ports/ports.ts';

/** A request as every front (API Gateway, the local HTTP server, tests) hands it to the router. */
export interface HttpRequest {
  readonly method: string;
  /** Path without query, percent-decoding not yet done. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names that the query has more than once; absent: none. */
  readonly repeated?: readonly string[];
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The address that it came from; absent where the front does not know it. */
  readonly sourceAddress?: string;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Who may call an operation: a member's key with a permission, a builder's ticket, or anyone. With `inTeam` the permission
 * may be held inside a team alone: what it then reaches is in the context's `reach`.
 */
export type OperationAccess =
  | { readonly kind: 'permission'; readonly permission: Permission; readonly inTeam?: true }
  | { readonly kind: 'ticket' }
  | { readonly kind: 'public' };

export interface OperationContext {
  readonly requestId: string;
  /** Present exactly where the access is by permission. */
  readonly principal?: Principal;
  /** Present exactly there, too: over what the principal holds the operation's permission. */
  readonly reach?: Reach;
  /** The bearer token as sent, where the access is by ticket. */
  readonly ticket?: string;
  readonly idempotencyKey?: string;
  readonly signal: AbortSignal;
}

/** What a handler answers: a body by the response schema, or a redirect. */
export interface OperationResult<Body> {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Body;
}

/** An API operation: data plus one function. Router, OpenAPI, SDK and the access tests derive from it. */
export interface Operation<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Response extends z.ZodType = z.ZodType,
> {
  /** Unique; the SDK's function name: `startBuild`. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** OpenAPI path: `/v1/builds/{id}`. */
  readonly path: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly access: OperationAccess;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body | undefined;
  /** True: the body may be left out; `handle` then gets undefined. */
  readonly bodyOptional?: true;
  /** The largest body, where that is another size than a spec's. */
  readonly mostBytes?: number;
  /** What the document says of a body that the handler checks itself, so that its errors are of their own kind. */
  readonly describedBody?: z.ZodType;
  readonly response: Response;
  /** Present: it answers CSV too, where that is asked for (csv-answer.ts); `query` then holds `formatQuery`. */
  csv?(body: z.input<Response>): CsvTable;
  /** Present: it answers a page for people: `response` is its HTML, and its headers say what it may load. */
  readonly page?: true;
  /** Status of success. */
  readonly status: number;
  /** Status of success where PUT made something new (201), or a repeated POST did not (200); the body is the same. */
  readonly otherStatus?: 200 | 201;
  /** True: success may carry the path of what was made in its Location header. */
  readonly locates?: true;
  /** Codes that it may answer beside those of every operation. */
  readonly errors: readonly ErrorCode[];
  /** POSTs that create take an Idempotency-Key. */
  readonly idempotent?: boolean;
  /**
   * True: a POST that is safe to send twice, without a key: the second time it changes nothing that counts and answers as
   * the first did. Clients repeat it by themselves where an answer was lost.
   */
  readonly repeatable?: true;
  handle(
    ports: Ports,
    input: { params: z.output<Params>; query: z.output<Query>; body: z.output<Body>; context: OperationContext },
  ): Promise<OperationResult<z.input<Response>>>;
}

/** Keeps the schema types of an operation while its fields are checked. */
export function defineOperation<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  operation: Operation<P, Q, B, R>,
): Operation<P, Q, B, R> {
  return operation;
}
