import type { ZodOpenApiResponseObject } from 'zod-openapi';
import { errorCatalogue } from '../../../core/error-catalogue.ts';
import type { ErrorCode } from '../../../core/errors.ts';
import type { Operation } from '../operation.ts';
import { problemMediaType, problemType } from '../problem.ts';
import { headerRef, rateHeaders } from './headers.ts';

/** Errors that answer with another status than the catalogue's too, by what they are about. */
const otherStatuses: Partial<Record<ErrorCode, readonly number[]>> = {
  // Of what no time frees.
  'quota.exceeded': [403],
};

/** Errors whose answers say when it may go better, beside all of 429 and 503. */
const retried: ReadonlySet<ErrorCode> = new Set(['idempotency.in_progress', 'cleanup.running', 'upload.in_use']);

/** Codes that an operation may answer: its own, and those of what the router does before it. */
export function errorsOf(operation: Operation): readonly ErrorCode[] {
  const codes = new Set<ErrorCode>([...operation.errors, 'request.invalid', 'service.unavailable', 'internal.error']);
  if (operation.body !== undefined) {
    for (const code of ['request.unreadable', 'request.media_type'] as const) codes.add(code);
  }
  // A body that is too large is refused before anybody asks whether one belongs here.
  codes.add('request.too_large');
  if (operation.access.kind === 'permission') {
    const judged = ['access.unauthenticated', 'access.forbidden', 'access.address_refused'] as const;
    for (const code of [...judged, 'request.rate_limited'] as const) codes.add(code);
  }
  if (operation.access.kind === 'ticket') codes.add('ticket.refused');
  if (operation.idempotent === true) {
    for (const code of ['idempotency.mismatch', 'idempotency.in_progress', 'resource.conflict'] as const)
      codes.add(code);
  }
  return [...codes].sort();
}

/** A status and the codes that come with it. */
export interface Answer {
  readonly status: number;
  readonly codes: readonly ErrorCode[];
}

/** Codes by status, both in order. */
export function errorsByStatus(operation: Operation): ReadonlyMap<number, readonly ErrorCode[]> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(operation)) {
    for (const status of [errorCatalogue[code].status, ...(otherStatuses[code] ?? [])]) {
      byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
    }
  }
  return new Map([...byStatus].sort(([a], [b]) => a - b));
}

/** The name of a response for a status and its codes among the components: `AccessForbiddenOrAccessAddressRefused`. */
export function responseName(status: number, codes: readonly ErrorCode[]): string {
  const name = codes.map(wordsOf).join('Or');
  // Most codes have one status, which needs no telling.
  return codes.every((code) => otherStatuses[code] === undefined) ? name : `${name}${status}`;
}

/** The answer for these codes: what each means, which of them `code` may be, and an example of each. */
export function problemResponse(status: number, codes: readonly ErrorCode[]): ZodOpenApiResponseObject {
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCatalogue[code].title}.`).join(' '),
    headers: {
      'X-Request-Id': headerRef('RequestId'),
      // These two come before anybody knows whose key it is.
      ...(status === 401 || status === 413 ? {} : rateHeaders),
      ...(status === 401 ? { 'WWW-Authenticate': headerRef('Challenge') } : {}),
      ...(status === 429 || status === 503 || codes.some((code) => retried.has(code))
        ? { 'Retry-After': headerRef('RetryAfter') }
        : {}),
    },
    content: {
      [problemMediaType]: {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            { type: 'object', properties: { status: { const: status }, code: { enum: [...codes] } } },
          ],
        },
        examples: Object.fromEntries(
          codes.map((code) => [code, { $ref: `#/components/examples/${exampleName(status, code)}` }]),
        ),
      },
    },
  };
}

/** The name of a code's example among the components; its status is told where it is not the catalogue's. */
export function exampleName(status: number, code: ErrorCode): string {
  return status === errorCatalogue[code].status ? code : `${code}.${status}`;
}

/** An answer with this code, as it could come. */
export function problemExample(status: number, code: ErrorCode): { readonly summary: string; readonly value: object } {
  const { title, remedy } = errorCatalogue[code];
  return {
    summary: title,
    value: {
      ...{ type: problemType(code), title, status, detail: `${title}.`, code },
      ...{ requestId: 'req_06D5C1Q1Z0W8V3N7K2M4R6T9XA', errors: [], remedy },
      ...membersOf(status, code),
    },
  };
}

/** What some codes tell beside, or in place of what all tell. */
function membersOf(status: number, code: ErrorCode): object {
  switch (code) {
    case 'request.invalid':
      return {
        detail: '1 field(s) of the request are not valid.',
        errors: [
          {
            ...{ path: 'query.limit', code: 'field.too_large', reason: 'too big: expected number to be <=100' },
            remedy: 'see /v1/openapi.json for what this field may hold',
          },
        ],
      };
    case 'spec.invalid':
      return {
        detail: '1 field(s) of the spec are not valid.',
        errors: [
          {
            ...{ path: 'packages.install[0]', code: 'field.invalid', reason: 'it is no name of a Debian package' },
            remedy: 'use lower-case letters, digits, +, - and .',
          },
        ],
      };
    case 'quota.exceeded':
      return status === 403
        ? {
            detail: 'The tenant has used 50 of 50 stored images, and this asks for 1 more.',
            ...{ quota: 'images', of: 'tenant', limit: 50, used: 50, requested: 1 },
          }
        : {
            detail:
              'The tenant has used 10 of 10 builds a day, and this asks for 1 more. It frees at 2026-12-01T00:00:00.000Z.',
            ...{ quota: 'buildsPerDay', of: 'tenant', limit: 10, used: 10, requested: 1 },
            freesAt: '2026-12-01T00:00:00.000Z',
          };
    case 'budget.exceeded':
      return { of: 'team', limit: 50_000_000, used: 50_120_000, freesAt: '2026-12-01T00:00:00.000Z' };
    case 'artifact.in_trash':
      return { purgeAt: '2026-12-01T00:00:00.000Z' };
    case 'cleanup.running':
      return { cleanupId: 'cln_06D5C1Q1Z0W8V3N7K2M4R6T9XA' };
    default:
      return {};
  }
}

/** `access.address_refused` as `AccessAddressRefused`. */
function wordsOf(code: ErrorCode): string {
  return code
    .split(/[._]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
