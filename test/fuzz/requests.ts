import { stringify } from 'yaml';
import type { Random } from '../../bench/simulation/random.ts';
import type { DescribedOperation, DescribedParameter } from './described-operations.ts';
import { hostileTexts, mutated } from './mutations.ts';
import { chance, type Json, pick, type Source, valueFor } from './values.ts';

/** A request as it goes over the wire, and what the document says of it. */
export interface FuzzRequest {
  readonly operation: DescribedOperation;
  readonly method: string;
  /** With its query, encoded. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array | undefined;
  /** Why the document's schemas refuse it; undefined: they do not. */
  readonly refused: string | undefined;
  /** Whether it is to another method or path than the operation's. */
  readonly misses: boolean;
  /** Parameters of the path, where they are known. */
  readonly pathValues?: Readonly<Record<string, string>>;
  /** The body, where it was sent as it was made. */
  readonly sent: Json | undefined;
}

/** Whose key a request carries. */
export interface Credentials {
  /** Of the tenant's operator, who may do everything. */
  readonly main: string;
  /** Of another one: who asked for something may not approve it. */
  readonly second: string;
  /** Of an attempt that runs. */
  readonly ticket: string;
  /** Others: of less rights, of another tenant, broken. */
  readonly others: readonly string[];
}

/** Bodies that went well, by operation: near-valid requests are made of them. */
export type GoodBodies = ReadonlyMap<string, readonly Json[]>;

const methods = ['PATCH', 'PUT', 'DELETE', 'POST', 'GET', 'HEAD', 'OPTIONS'];

/** Derives a request for an operation from the document. */
export function makeRequest(
  operation: DescribedOperation,
  source: Source,
  credentials: Credentials,
  good: GoodBodies,
): FuzzRequest {
  const { random } = source;
  const refusals: string[] = [];
  const path = pathOf(operation, source, refusals);
  const query = queryOf(operation, source, refusals);
  const headers = headersOf(operation, source, credentials, refusals);
  const body = bodyOf(operation, source, good, refusals);
  const others = methods.filter((one) => !operation.methods.includes(one));
  const method = chance(random, 0.02) ? pick(random, ['TRACE', ...others]) : operation.method;
  const type = body?.type === undefined ? {} : { 'content-type': body.type };
  return {
    ...{ operation, method, target: `${path.text}${query}`, headers: { ...headers, ...type } },
    body: method === 'HEAD' || method === 'TRACE' ? undefined : body?.bytes,
    refused: refusals[0],
    misses: method !== operation.method || path.misses,
    pathValues: path.values,
    sent: body?.value,
  };
}

function pathOf({ path, parameters }: DescribedOperation, source: Source, refusals: string[]) {
  let misses = false;
  const values: Record<string, string> = {};
  const text = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const parameter = parameters.find((one) => one.in === 'path' && one.name === name);
    if (parameter === undefined) throw new Error(`the document does not describe ${name} of ${path}`);
    const known = source.pool.ofResource(resourceBefore(path, name), name, source.random);
    const drawn = known !== undefined && chance(source.random, 0.8) ? known : textOf(parameter, source, 0.3);
    // Every client resolves segments of dots before it sends them, so that another operation may be asked: /v1/members by
    // /v1/teams/../members. No engine ever sees them.
    const value = /^\.{1,2}$/.test(drawn) ? `${drawn}~` : drawn;
    // An empty segment is another path, which the document knows nothing of.
    if (value === '') misses = true;
    else note(parameter, value, refusals);
    values[name] = value;
    return encodeURIComponent(value.toWellFormed());
  });
  return { text, misses, values };
}

/** The word that stands before a parameter of a path: `builds` of `/v1/builds/{id}/cost`. */
export function resourceBefore(path: string, name?: string): string {
  const words = (name === undefined ? path : path.slice(0, path.indexOf(`{${name}}`))).split('/');
  return (
    words
      .filter((word) => word !== '' && !word.startsWith('{'))
      .at(-1)
      ?.replace(/:.*$/, '') ?? ''
  );
}

/** A parameter's value as text: right, or with the given chance hostile. */
function textOf({ name, schema }: DescribedParameter, source: Source, share: number): string {
  const { random } = source;
  if (chance(random, share)) return pick(random, hostileTexts);
  const value = valueFor(schema, source, name);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Notes where a schema refuses a parameter's text: what is no number as JSON writes one is none. */
function note({ name, in: where, schema, takes }: DescribedParameter, text: string, refusals: string[]): void {
  const isNumber = schema.type === 'integer' || schema.type === 'number';
  const value = isNumber && /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) ? Number(text) : text;
  if (takes(value) !== true) refusals.push(`${where} ${name}: ${takes.errors?.[0]?.message}`);
}

function queryOf({ parameters }: DescribedOperation, source: Source, refusals: string[]): string {
  const { random } = source;
  const pairs: [string, string][] = [];
  for (const parameter of parameters) {
    if (parameter.in !== 'query') continue;
    const given = chance(random, parameter.required ? 0.95 : 0.3);
    if (!given) {
      if (parameter.required) refusals.push(`query ${parameter.name} is missing`);
      continue;
    }
    const text = textOf(parameter, source, 0.12).toWellFormed();
    note(parameter, text, refusals);
    pairs.push([parameter.name, text]);
    if (chance(random, 0.04)) {
      pairs.push([parameter.name, textOf(parameter, source, 0.3).toWellFormed()]);
      refusals.push(`query ${parameter.name} is there twice`);
    }
  }
  if (chance(random, 0.02)) {
    pairs.push([pick(random, ['unknown', '__proto__', 'constructor', '', 'x[]']), 'x']);
    refusals.push('a query of a name that is not described');
  }
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}

function headersOf(
  { security, parameters }: DescribedOperation,
  source: Source,
  credentials: Credentials,
  refusals: string[],
): Record<string, string | readonly string[]> {
  const { random } = source;
  const headers: Record<string, string | readonly string[]> = {};
  if (security !== undefined || chance(random, 0.05)) {
    const key = chance(random, 0.86)
      ? rightKey(security, credentials, random)
      : credentials.others[random.integer(0, credentials.others.length - 1)];
    if (key !== undefined && key !== '') headers.authorization = key;
  }
  for (const parameter of parameters) {
    if (parameter.in !== 'header' || !chance(random, 0.3)) continue;
    const value = chance(random, 0.2)
      ? pick(random, ['', ' ', 'x'.repeat(129), 'ü', 'a b'])
      : textOf(parameter, source, 0);
    // Node joins what is there twice by a comma and a space, as a proxy may.
    const twice = chance(random, 0.03);
    headers[parameter.name] = twice ? [value, value] : value;
    note(parameter, twice ? `${value}, ${value}` : value.trim(), refusals);
  }
  if (chance(random, 0.1))
    headers.accept = pick(random, ['text/csv', '*/*', 'text/csv;q=0.5,*/*;q=x', ',,;', 'application/yaml']);
  if (chance(random, 0.01)) headers['x-large'] = 'x'.repeat(12_000);
  return headers;
}

function rightKey(security: string | undefined, { main, second, ticket }: Credentials, random: Random): string {
  if (security === 'ticket') return ticket;
  return chance(random, 0.9) ? main : second;
}

interface MadeBody {
  readonly bytes: Uint8Array | undefined;
  readonly type: string | undefined;
  readonly value?: Json;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function bodyOf(
  operation: DescribedOperation,
  source: Source,
  good: GoodBodies,
  refusals: string[],
): MadeBody | undefined {
  const { random } = source;
  const { body } = operation;
  if (body === undefined) {
    if (!chance(random, 0.02)) return undefined;
    refusals.push('a body where none is described');
    return oddBody(random, { a: 1 });
  }
  if (chance(random, body.required ? 0.02 : 0.2)) {
    if (body.required) refusals.push('the body is missing');
    return undefined;
  }
  const known = good.get(operation.id) ?? [];
  const made =
    known.length > 0 && chance(random, 0.5)
      ? (known[random.integer(0, known.length - 1)] ?? null)
      : valueFor(body.schema, source);
  const value = chance(random, 0.45) ? mutated(chance(random, 0.2) ? mutated(made, random) : made, random) : made;
  if (chance(random, 0.06)) {
    refusals.push('a body that is not as its Content-Type says');
    return oddBody(random, value);
  }
  const text = JSON.stringify(value);
  // Checked as it is sent: JSON has no -0, no undefined, no number beyond doubles.
  if (body.takes(JSON.parse(text)) !== true) {
    const [error] = body.takes.errors ?? [];
    refusals.push(`body ${error?.instancePath}: ${error?.message}`);
  }
  if (chance(random, 0.08)) {
    return {
      bytes: bytesOf(stringify(JSON.parse(text), { aliasDuplicateObjects: false })),
      type: pick(random, ['application/yaml', 'text/yaml; charset=utf-8']),
    };
  }
  return { bytes: bytesOf(text), type: pick(random, ['application/json', 'application/json; charset=utf-8']), value };
}

/** Bytes that nothing can be read from, or that say they are something else. */
function oddBody(random: Random, value: Json): MadeBody {
  const text = JSON.stringify(value);
  const type = 'application/json';
  switch (random.integer(0, 9)) {
    case 0:
      return { bytes: bytesOf(text), type: undefined };
    case 1:
      return {
        bytes: bytesOf(text),
        type: pick(random, [
          'text/plain',
          'application/x-www-form-urlencoded',
          'multipart/form-data',
          ';',
          'application/jsonx',
        ]),
      };
    case 2:
      return { bytes: bytesOf(text), type: 'application/json; charset=iso-8859-1' };
    case 3:
      return { bytes: bytesOf(`${text.slice(0, Math.floor(text.length / 2))}\u0001`), type };
    case 4:
      return { bytes: bytesOf(`${text},`), type };
    case 5:
      return { bytes: Uint8Array.of(0xff, 0xfe, 0x7b, 0x7d), type };
    case 6:
      return { bytes: Uint8Array.of(0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d), type };
    case 7:
      return { bytes: bytesOf('[1e999x'), type };
    case 8:
      return { bytes: bytesOf('a: &a [*a, *a]\nb: !!js/function x'), type: 'application/yaml' };
    default:
      return { bytes: bytesOf(JSON.stringify('x'.repeat(2 * 1024 ** 2 + random.integer(1, 9)))), type };
  }
}
