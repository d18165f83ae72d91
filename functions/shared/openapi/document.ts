import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import type { Operation } from '../operation.ts';
import { problemSchema } from '../problem.ts';
import { describeOperation } from './describe.ts';
import { headerComponents } from './headers.ts';
import { hoistParameters } from './parameters.ts';
import { type Answer, errorsByStatus, exampleName, problemExample, problemResponse, responseName } from './problems.ts';
import { tags } from './tags.ts';

const pathItemMethods = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'delete' } as const;

const description = `Custom Linux images as a service: a posted spec becomes a bootable image.

**Keys.** Send \`Authorization: Bearer <key>\`. An operation that needs a permission names it in \`x-permission\`.

**Bodies** are JSON, or YAML as \`application/yaml\`; unknown members are refused.

**Errors** are problem details (RFC 9457): programs decide by \`code\`, which never changes its meaning. Each answer
carries \`X-Request-Id\`.

**Lists** come in pages: send \`cursor\` of one page to get the next, with the same query.

**Repeats.** A POST that takes an \`Idempotency-Key\` does its work once a key. One with \`x-repeatable\` is safe
to send again without one.`;

/**
 * The OpenAPI 3.1 document of a list of operations. Only generation and tests call this: the service answers the
 * document that was generated of it, and carries no generator.
 */
export function openapiDocument(operations: readonly Operation[], version: string): object {
  const shared = sharedResponses(operations);
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const operation of operations) {
    const item = paths[operation.path] ?? {};
    item[pathItemMethods[operation.method]] = describeOperation(operation, shared);
    paths[operation.path] = item;
  }
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Linux Builder Engine',
      version,
      summary: 'Custom Linux images as a service.',
      description,
      contact: { name: 'Linux Builder Engine' },
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      { url: '/', description: 'The installation that serves this document.' },
      {
        url: 'http://127.0.0.1:{port}',
        description: 'An engine on this machine, as `lbuild local up --port` starts one.',
        variables: { port: { default: '8080' } },
      },
    ],
    tags: tags.map(({ name, description: text }) => ({ name, description: text })),
    paths,
    components: {
      schemas: { Problem: problemSchema },
      responses: Object.fromEntries(
        [...shared].map(([name, { status, codes }]) => [name, problemResponse(status, codes)]),
      ),
      headers: { ...headerComponents },
      examples: problemExamples(operations),
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
  return hoistParameters(document);
}

/** Answers that more than one operation gives, by their names. */
function sharedResponses(operations: readonly Operation[]): ReadonlyMap<string, Answer> {
  const counted = new Map<string, Answer & { readonly times: number }>();
  for (const operation of operations) {
    for (const [status, codes] of errorsByStatus(operation)) {
      const name = responseName(status, codes);
      counted.set(name, { status, codes, times: (counted.get(name)?.times ?? 0) + 1 });
    }
  }
  return new Map([...counted].filter(([, { times }]) => times > 1).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function problemExamples(operations: readonly Operation[]): Record<string, object> {
  const examples = new Map<string, object>();
  for (const operation of operations) {
    for (const [status, codes] of errorsByStatus(operation)) {
      for (const code of codes) examples.set(exampleName(status, code), problemExample(status, code));
    }
  }
  return Object.fromEntries([...examples].sort(([a], [b]) => (a < b ? -1 : 1)));
}
