import { type AST, getStaticTOMLValue, ParseError, parseTOML, traverseNodes } from 'toml-eslint-parser';
import type { FieldPath } from '../core/spec/field-path.ts';
import { CliFailure } from './failure.ts';
import { placeAt } from './places.ts';

/**
 * Reads TOML 1.0 as JSON text, which engines take. A date stays as it is written.
 * @throws CliFailure where it is none, with the place
 */
export function tomlToJson(file: string, text: string): string {
  try {
    const program = parseTOML(text, { tomlVersion: '1.0' });
    traverseNodes(program, { enterNode: (node) => datesAsText(node, text), leaveNode: () => undefined });
    return JSON.stringify(getStaticTOMLValue(program), valueInJson);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const place = placeAt({ file, text, format: 'toml' }, error.index);
    throw new CliFailure(
      'usage',
      {
        code: 'cli.file_unreadable',
        detail: `${file} is not TOML.`,
        remedy: 'Write TOML 1.0, or YAML or JSON in a file whose name ends so.',
        fields: [{ path: '', code: 'cli.toml_invalid', reason: error.message, remedy: '', place }],
      },
      error,
    );
  }
}

const dates = new Set(['local-date', 'local-time', 'local-date-time', 'offset-date-time']);

function datesAsText(node: AST.TOMLNode, text: string): void {
  if (node.type !== 'TOMLValue' || !dates.has(node.kind)) return;
  Object.assign(node, { kind: 'string', value: text.slice(...node.range) });
}

/** What JSON has no word for becomes text, which no field takes for a number: the engine refuses it and says where. */
function valueInJson(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}

/** Tells where each member and item of a TOML text begins. Of a text that is none it tells nothing. */
export function outlineToml(text: string, tell: (path: FieldPath, offset: number) => void): void {
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(text, { tomlVersion: '1.0' });
  } catch (error) {
    if (error instanceof ParseError) return;
    throw error;
  }
  const walkValue = (value: AST.TOMLContentNode, path: FieldPath): void => {
    if (value.type === 'TOMLInlineTable') for (const pair of value.body) walkPair(pair, path);
    if (value.type === 'TOMLArray') {
      for (const [index, item] of value.elements.entries()) {
        tell([...path, index], item.range[0]);
        walkValue(item, [...path, index]);
      }
    }
  };
  const walkPair = (pair: AST.TOMLKeyValue, path: FieldPath): void => {
    const member = [...path];
    for (const key of pair.key.keys) {
      member.push(key.type === 'TOMLBare' ? key.name : key.value);
      tell([...member], key.range[0]);
    }
    walkValue(pair.value, member);
  };
  for (const node of program.body[0].body) {
    if (node.type === 'TOMLKeyValue') walkPair(node, []);
    else {
      for (let length = 1; length <= node.resolvedKey.length; length += 1) {
        // A table's header names what holds it too, where nothing before did.
        tell(node.resolvedKey.slice(0, length), node.range[0]);
      }
      for (const pair of node.body) walkPair(pair, node.resolvedKey);
    }
  }
}
