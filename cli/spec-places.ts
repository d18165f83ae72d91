import type { ParseError } from 'jsonc-parser';
import { type FieldPath, readFieldPath } from '../core/spec/field-path.ts';
import { lineStarts, type Place, placeAt, type SourceText } from './places.ts';

/** Where a member or an item begins: the offset of its key, or of its value in a list. */
type Outline = Map<string, number>;

/** Tells outline entries apart; cannot stand in a path's parts unquoted. */
const entryOf = (path: FieldPath): string => JSON.stringify(path);

/**
 * Finds fields in a file: by their paths, as errors name them. What is not there itself, since it is missing, is looked for
 * where it would belong: at what holds it. Of what no line of the file begins nothing is found, and of a file that cannot be
 * read nothing either.
 */
export async function findPlaces(source: SourceText, paths: readonly string[]): Promise<(Place | undefined)[]> {
  const outline = await outlineOf(source);
  const starts = lineStarts(source.text);
  return paths.map((text) => {
    const path = readFieldPath(text);
    for (let length = path.length; length > 0; length -= 1) {
      const offset = outline.get(entryOf(path.slice(0, length)));
      if (offset !== undefined) return placeAt(source, offset, starts);
    }
    return undefined;
  });
}

/** Where a file ceases to be readable, as an engine reads it; undefined where it is readable as far as this can tell. */
export async function findUnreadable(source: SourceText): Promise<Place | undefined> {
  const { text, format } = source;
  if (format === 'json') {
    const offset = await findJsonError(text);
    return offset === undefined ? undefined : placeAt(source, offset);
  }
  if (format !== 'yaml') return undefined;
  const { isAlias, isNode, parseDocument, visit } = await import('yaml');
  const document = parseDocument(text, { uniqueKeys: false, logLevel: 'silent' });
  const [problem] = [...document.errors, ...document.warnings];
  let offset = problem?.pos[0];
  if (problem === undefined) {
    // Both are YAML, and no engine takes them.
    visit(document, (_key, node) => {
      if (!isAlias(node) && (!isNode(node) || node.tag === undefined)) return undefined;
      offset = beginOf(node);
      return visit.BREAK;
    });
  }
  return offset === undefined ? undefined : placeAt(source, offset);
}

/** Where in a text its JSON is wrong; undefined where nothing is. JSON.parse itself does not always say. */
export async function findJsonError(text: string): Promise<number | undefined> {
  const { parse } = await import('jsonc-parser');
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true });
  return errors[0]?.offset;
}

// Parsers are loaded where a place is asked for: most commands never do.
async function outlineOf(source: SourceText): Promise<Outline> {
  const outline: Outline = new Map();
  // A table of TOML may be opened again: what stands first is what a reader looks for.
  const tell = (path: FieldPath, offset: number): void => {
    const entry = entryOf(path);
    if (!outline.has(entry)) outline.set(entry, offset);
  };
  if (source.format === 'toml') {
    const { outlineToml } = await import('./toml-file.ts');
    outlineToml(source.text, tell);
    return outline;
  }
  if (source.format === 'ini') {
    const { outlineIni } = await import('./ini-file.ts');
    outlineIni(source.text, tell);
    return outline;
  }
  const { isMap, isScalar, isSeq, parseDocument } = await import('yaml');
  const walk = (node: unknown, path: FieldPath): void => {
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (!isScalar(key)) continue;
        const member = [...path, String(key.value)];
        if (key.range) tell(member, key.range[0]);
        walk(value, member);
      }
    }
    if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        const place = [...path, index];
        const offset = beginOf(item);
        if (offset !== undefined) tell(place, offset);
        walk(item, place);
      }
    }
  };
  // JSON is YAML too.
  walk(parseDocument(source.text, { uniqueKeys: false, logLevel: 'silent' }).contents, []);
  return outline;
}

function beginOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  const [begin]: unknown[] = node.range;
  return typeof begin === 'number' ? begin : undefined;
}
