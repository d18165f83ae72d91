import { isAlias, isMap, isNode, isScalar, parseDocument, visit } from 'yaml';
import { EngineError } from '../../core/errors.ts';

/** A spec's 256 KB (the limit of core/spec) and room for the white space around it. */
export const maxBodyBytes = 256 * 1024 + 4 * 1024;

/** The largest body of any operation: what a front need not read on. Lambda takes 6 MB at most. */
export const largestBodyBytes = 2 * 1024 ** 2;

const yamlTypes = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'];

/**
 * Reads a body as JSON or YAML by its Content-Type; undefined where there is none.
 * @throws EngineError request.too_large, request.media_type, request.unreadable
 */
export function readBody(body: Uint8Array, contentType: string | undefined, mostBytes = maxBodyBytes): unknown {
  if (body.byteLength > mostBytes) {
    throw new EngineError('request.too_large', `The body has more than ${mostBytes} bytes.`);
  }
  if (body.byteLength === 0) return undefined;
  const [mediaType = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('charset='));
  if (charset !== undefined && !['charset=utf-8', 'charset="utf-8"'].includes(charset)) {
    throw new EngineError('request.media_type', 'The body must be in UTF-8.');
  }
  if (mediaType.trim() === 'application/json') return parseJson(decode(body));
  if (yamlTypes.includes(mediaType.trim())) return parseYaml(decode(body));
  throw new EngineError('request.media_type', 'The Content-Type is missing or neither JSON nor YAML.');
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    throw new EngineError('request.unreadable', 'The body is not UTF-8.', { cause: error });
  }
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    throw new EngineError('request.unreadable', `The body is not JSON: ${messageOf(error)}.`, { cause: error });
  }
}

/**
 * One YAML 1.2 document of the core schema. Aliases are refused (they can expand without bound and make circles), so
 * are tags (they name types that JSON has not) and repeated keys. The library's own check of repeated keys is off: its
 * time grows with the square of their number.
 */
export function parseYaml(text: string): unknown {
  try {
    const document = parseDocument(text, { schema: 'core', version: '1.2', uniqueKeys: false, merge: false });
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) throw new Error(problem.message.split('\n')[0]);
    visit(document, (_key, node) => {
      if (isAlias(node)) throw new Error('aliases are not supported: write the value again');
      if (isNode(node) && node.tag !== undefined) throw new Error('tags are not supported: write the plain value');
      if (!isMap(node)) return;
      const seen = new Set<unknown>();
      for (const pair of node.items) {
        const key = isScalar(pair.key) ? pair.key.value : undefined;
        if (typeof key !== 'string') throw new Error('each key of a map must be a string');
        if (seen.has(key)) throw new Error(`the key ${JSON.stringify(key)} is there twice`);
        seen.add(key);
      }
    });
    const value: unknown = document.toJS();
    return value;
  } catch (error) {
    throw new EngineError('request.unreadable', `The body is not YAML: ${messageOf(error)}.`, { cause: error });
  }
}

/** The first line of an error's text, bounded: it quotes the caller's own input back. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : 'it cannot be read';
  return (
    message
      .split('\n')[0]
      ?.replace(/[.:\s]+$/, '')
      .slice(0, 200) ?? message
  );
}
