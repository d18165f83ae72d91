import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { csvMediaType } from '../csv-answer.ts';
import type { Operation } from '../operation.ts';
import examples from './generated/examples.json' with { type: 'json' };
import { headerRef, rateHeaders } from './headers.ts';
import { type Answer, errorsByStatus, problemResponse, responseName } from './problems.ts';
import { tagOf } from './tags.ts';

/** What went well when it was recorded (test/fuzz/record-examples.ts). A test holds each to the schemas of today. */
const examplesOf = (id: string): { readonly request?: unknown; readonly response?: unknown } =>
  Object.entries<object>(examples).find(([known]) => known === id)?.[1] ?? {};
const exampleOf = (example: unknown) => (example === undefined ? {} : { example });

/** What the document says of an operation. @param shared answers that the document's components hold */
export function describeOperation(
  operation: Operation,
  shared: ReadonlyMap<string, Answer>,
): ZodOpenApiOperationObject {
  const { access } = operation;
  const aliases = (operation.aliases ?? []).map((path) => `Also at \`${operation.method} ${path}\`.`);
  const needs =
    access.kind === 'permission'
      ? [
          `Needs the permission \`${access.permission}\`${access.inTeam === true ? ', in the tenant or in a team' : ''}.`,
        ]
      : [];
  const text = [...needs, ...aliases].join(' ');
  return {
    operationId: operation.id,
    summary: operation.summary,
    ...(text === '' ? {} : { description: text }),
    tags: [tagOf(operation.path)],
    security: securityOf(operation),
    ...(access.kind === 'permission' ? { 'x-permission': access.permission } : {}),
    ...(operation.repeatable === true ? { 'x-repeatable': true } : {}),
    requestParams: {
      ...(isEmpty(operation.params) ? {} : { path: asObject(operation.params) }),
      ...(isEmpty(operation.query) ? {} : { query: asObject(operation.query) }),
      ...(operation.idempotent === true ? { header: idempotencyHeader } : {}),
    },
    ...bodyOf(operation),
    responses: { ...successesOf(operation), ...problemsOf(operation, shared) },
  };
}

const idempotencyHeader = z.object({
  'Idempotency-Key': z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/)
    .optional()
    .describe('With the same key and body, a call within a day answers what the first one made.'),
});

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

function bodyOf(operation: Operation): Pick<ZodOpenApiOperationObject, 'requestBody'> {
  const body = operation.describedBody ?? operation.body;
  if (body === undefined) return {};
  const name = `${operation.id.charAt(0).toUpperCase()}${operation.id.slice(1)}Body`;
  // With a name it stands in the document once, though it is read in two languages.
  const schema = z.globalRegistry.get(body)?.id === undefined ? body.meta({ id: name }) : body;
  return {
    requestBody: {
      required: operation.bodyOptional !== true,
      content: {
        'application/json': { schema, ...exampleOf(examplesOf(operation.id).request) },
        'application/yaml': { schema },
      },
    },
  };
}

function successesOf(operation: Operation): ZodOpenApiResponsesObject {
  const { method, status, otherStatus } = operation;
  if (operation.page === true) {
    const headers = { 'X-Request-Id': headerRef('RequestId'), ETag: headerRef('EntityTag') };
    return {
      200: { description: 'The page.', headers, content: { 'text/html': { schema: operation.response } } },
      304: { description: 'The page that `If-None-Match` names is still the same.', headers },
    };
  }
  if (otherStatus === undefined) return { [status]: successOf(operation, 'Success.') };
  const whatIs = method === 'POST' ? 'It was made before, by the same request.' : 'It is changed.';
  return { 200: successOf(operation, whatIs), 201: successOf(operation, 'It is made.') };
}

function successOf(operation: Operation, description: string): ZodOpenApiResponseObject {
  const headers = {
    'X-Request-Id': headerRef('RequestId'),
    ...(operation.access.kind === 'permission' ? rateHeaders : {}),
    ...(operation.locates === true ? { Location: headerRef('Location') } : {}),
  };
  if (operation.response instanceof z.ZodNull) {
    return {
      description: 'A redirect, good for five minutes.',
      headers: { ...headers, Location: headerRef('SignedUrl') },
    };
  }
  return {
    description,
    headers: {
      ...headers,
      ...(operation.csv === undefined ? {} : { Link: headerRef('NextPage'), Vary: headerRef('Vary') }),
    },
    content: {
      'application/json': { schema: operation.response, ...exampleOf(examplesOf(operation.id).response) },
      ...(operation.csv === undefined ? {} : { [csvMediaType]: { schema: z.string() } }),
    },
  };
}

function problemsOf(operation: Operation, shared: ReadonlyMap<string, Answer>): ZodOpenApiResponsesObject {
  const responses: Record<string, ZodOpenApiResponsesObject[`${1 | 2 | 3 | 4 | 5}${string}`]> = {};
  for (const [status, codes] of errorsByStatus(operation)) {
    const name = responseName(status, codes);
    responses[status] = shared.has(name) ? { $ref: `#/components/responses/${name}` } : problemResponse(status, codes);
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
