import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiResponseObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { errorCatalogue } from '../../core/error-catalogue.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { csvMediaType } from './csv-answer.ts';
import type { Operation } from './operation.ts';
import { problemMediaType, problemSchema } from './problem.ts';

const pathItemMethods = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'delete' } as const;

const requestIdHeader = {
  'X-Request-Id': { schema: { type: 'string' as const }, description: 'What the operator finds the request by.' },
};

/**
 * The OpenAPI 3.1 document of a list of operations. Only generation and tests call this: the service answers the
 * document that was generated of it, and carries no generator.
 */
export function openapiDocument(operations: readonly Operation[], version: string): object {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const operation of operations) {
    const item = paths[operation.path] ?? {};
    item[pathItemMethods[operation.method]] = describe(operation);
    paths[operation.path] = item;
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Linux Builder Engine',
      version,
      description: 'Custom Linux images as a service: a posted spec becomes a bootable image.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key, `lbk_<id>_<secret>`, or a JWT of the issuer that the operator names.',
        },
        ticket: { type: 'http', scheme: 'bearer', description: 'The ticket of a running attempt; builders only.' },
      },
    },
  });
}

function describe(operation: Operation): ZodOpenApiOperationObject {
  const aliases = (operation.aliases ?? []).map((path) => `Also at \`${operation.method} ${path}\`.`);
  const needs =
    operation.access.kind === 'permission'
      ? [
          `Needs the permission \`${operation.access.permission}\`${operation.access.inTeam === true ? ', in the tenant or in a team' : ''}.`,
        ]
      : [];
  const header =
    operation.idempotent === true
      ? z.object({
          'Idempotency-Key': z
            .string()
            .regex(/^[\x21-\x7e]{1,128}$/)
            .optional()
            .describe('With the same key and body, a call within a day answers what the first one made.'),
        })
      : undefined;
  const body = operation.describedBody ?? operation.body;
  return {
    operationId: operation.id,
    summary: operation.summary,
    description: [...needs, ...aliases].join(' '),
    tags: [operation.path.split('/')[2]?.replace(/(?:\.json|:.*)$/, '') ?? 'service'],
    security: securityOf(operation),
    requestParams: {
      ...(isEmpty(operation.params) ? {} : { path: asObject(operation.params) }),
      ...(isEmpty(operation.query) ? {} : { query: asObject(operation.query) }),
      ...(header === undefined ? {} : { header }),
    },
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: operation.bodyOptional !== true,
            content: { 'application/json': { schema: body }, 'application/yaml': { schema: body } },
          },
        }),
    responses: responsesOf(operation),
  };
}

function securityOf(operation: Operation): Record<string, never[]>[] {
  switch (operation.access.kind) {
    case 'permission':
      return [{ apiKey: [] }];
    case 'ticket':
      return [{ ticket: [] }];
    case 'public':
      return [];
  }
}

/** Codes that an operation may answer: its own, and those of what the router does before it. */
export function errorsOf(operation: Operation): readonly ErrorCode[] {
  const codes = new Set<ErrorCode>([...operation.errors, 'request.invalid', 'service.unavailable', 'internal.error']);
  if (operation.body !== undefined) {
    for (const code of ['request.unreadable', 'request.media_type'] as const) codes.add(code);
  }
  // A body that is too large or not readable is refused before anybody asks whether one belongs here.
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

function responsesOf(operation: Operation): ZodOpenApiResponsesObject {
  const responses: Record<string, ZodOpenApiResponseObject> = {
    [operation.status]: isNull(operation.response)
      ? {
          description: 'A redirect, good for five minutes.',
          headers: { ...requestIdHeader, Location: { schema: { type: 'string' as const } } },
        }
      : {
          description: 'Success.',
          headers: requestIdHeader,
          content: {
            'application/json': { schema: operation.response },
            ...(operation.csv === undefined ? {} : { [csvMediaType]: { schema: z.string() } }),
          },
        },
  };
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(operation)) {
    const { status } = errorCatalogue[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    responses[status] = {
      description: codes.map((code) => `\`${code}\`: ${errorCatalogue[code].title}.`).join(' '),
      headers: requestIdHeader,
      content: { [problemMediaType]: { schema: problemSchema } },
    };
  }
  return responses satisfies ZodOpenApiResponsesObject;
}

function asObject(schema: z.ZodType): z.ZodObject {
  if (schema instanceof z.ZodObject) return schema;
  throw new Error('params and query of an operation are objects');
}

function isEmpty(schema: z.ZodType): boolean {
  return Object.keys(asObject(schema).shape).length === 0;
}

function isNull(schema: z.ZodType): boolean {
  return schema instanceof z.ZodNull;
}
