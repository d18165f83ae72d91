import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import text from '../../docs/openapi.json' with { type: 'json' };

/** A JSON Schema as the document has it. */
export type Schema = Readonly<Record<string, unknown>>;

/** A parameter of an operation. */
export interface DescribedParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Schema;
  /** Says whether a value is one that the schema takes. */
  readonly takes: ValidateFunction;
}

/** An answer of an operation. */
export interface DescribedAnswer {
  /** Names in lower case. */
  readonly headers: ReadonlySet<string>;
  /** Checks of bodies by media type; empty: it has no body. */
  readonly bodies: ReadonlyMap<string, ValidateFunction>;
}

/** An operation as the document describes it: nothing here is known from elsewhere. */
export interface DescribedOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Of all operations at this path. */
  readonly methods: readonly string[];
  /** Name of the security scheme; undefined: anybody. */
  readonly security: string | undefined;
  readonly parameters: readonly DescribedParameter[];
  readonly body: { readonly required: boolean; readonly schema: Schema; readonly takes: ValidateFunction } | undefined;
  readonly answers: ReadonlyMap<number, DescribedAnswer>;
}

const document: Schema = text;
const objectSchema = z.record(z.string(), z.unknown());
export const methodNames = ['get', 'put', 'post', 'delete', 'patch'] as const;

const ajv = new Ajv2020({ strict: false, allErrors: false });
// The package's type names its module and not what it exports.
(addFormats as unknown as (to: Ajv2020) => void)(ajv);
ajv.addFormat('base64', true);
ajv.addSchema(document, 'openapi');

/** What a schema stands for: itself, or what it refers to. */
export function deref(schema: Schema): Schema {
  if (typeof schema.$ref !== 'string') return schema;
  let found: unknown = document;
  for (const part of schema.$ref.slice(2).split('/')) found = objectSchema.parse(found)[unescaped(part)];
  const { $ref: _followed, ...beside } = schema;
  return { ...deref(objectSchema.parse(found)), ...beside };
}

const unescaped = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');
const escaped = (part: string): string => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));

/** The check of the schema at a place of the document. */
function checkAt(...place: readonly string[]): ValidateFunction {
  return ajv.compile({ $ref: `openapi#/${place.map(escaped).join('/')}` });
}

/** All operations, in the order of the document. */
export function describedOperations(): readonly DescribedOperation[] {
  return Object.entries(objectSchema.parse(document.paths)).flatMap(([path, item]) =>
    Object.entries(objectSchema.parse(item)).map(([method, operation]) =>
      describedOperation(path, method, objectSchema.parse(operation), Object.keys(objectSchema.parse(item))),
    ),
  );
}

function describedOperation(
  path: string,
  method: string,
  operation: Schema,
  methods: readonly string[],
): DescribedOperation {
  const place = ['paths', path, method];
  const security = z.array(objectSchema).parse(operation.security)[0];
  const parameters = z.array(objectSchema).parse(operation.parameters ?? []);
  return {
    ...{ id: z.string().parse(operation.operationId), method: method.toUpperCase(), path },
    methods: methods.map((one) => one.toUpperCase()),
    security: security === undefined ? undefined : Object.keys(security)[0],
    parameters: parameters.map((parameter) => describedParameter(parameter)),
    body:
      operation.requestBody === undefined ? undefined : describedBody(objectSchema.parse(operation.requestBody), place),
    answers: new Map(
      Object.entries(objectSchema.parse(operation.responses)).map(([status, answer]) => [
        Number(status),
        describedAnswer(objectSchema.parse(answer), [...place, 'responses', status]),
      ]),
    ),
  };
}

function describedParameter(parameter: Schema): DescribedParameter {
  const {
    name,
    in: where,
    required = false,
    schema,
  } = z
    .object({
      name: z.string(),
      in: z.enum(['path', 'query', 'header']),
      required: z.boolean().optional(),
      schema: objectSchema,
    })
    .parse(deref(parameter));
  return { name, in: where, required, schema, takes: ajv.compile(schema) };
}

function describedBody(body: Schema, place: readonly string[]): NonNullable<DescribedOperation['body']> {
  const content = objectSchema.parse(objectSchema.parse(body.content)['application/json']);
  return {
    required: body.required === true,
    schema: objectSchema.parse(content.schema),
    takes: checkAt(...place, 'requestBody', 'content', 'application/json', 'schema'),
  };
}

function describedAnswer(answer: Schema, place: readonly string[]): DescribedAnswer {
  const at = typeof answer.$ref === 'string' ? answer.$ref.slice(2).split('/').map(unescaped) : place;
  const { headers = {}, content = {} } = deref(answer);
  return {
    headers: new Set(Object.keys(objectSchema.parse(headers)).map((name) => name.toLowerCase())),
    bodies: new Map(
      Object.keys(objectSchema.parse(content)).map((type) => [type, checkAt(...at, 'content', type, 'schema')]),
    ),
  };
}
