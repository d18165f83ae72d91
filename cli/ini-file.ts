import type { FieldPath } from '../core/spec/field-path.ts';
import { CliFailure } from './failure.ts';
import { placeAt } from './places.ts';

/** A line of a value, as a text without its white space and comment. */
interface IniLine {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** Where the line says it, in UTF-16 units. */
  readonly offset: number;
}

interface IniProblem {
  readonly reason: string;
  readonly offset: number;
}

/**
 * Reads lines as mkosi does: `#` begins a comment wherever it stands, a line that is set in goes on with the value before it,
 * and sections and keys may stand more than once.
 */
function readLines(text: string): { readonly lines: readonly IniLine[]; readonly problem?: IniProblem } {
  const lines: IniLine[] = [];
  let section: string | undefined;
  let key: string | undefined;
  /** The last line was an assignment of nothing. */
  let isEmpty = false;
  let offset = 0;
  // What all lines are set in by counts for none of them.
  const common = commonIndent(text);
  for (const whole of text.split('\n')) {
    const begin = offset;
    offset += whole.length + 1;
    const line = (whole.startsWith(common) ? whole.slice(common.length) : whole).replace(/#.*$/s, '').trimEnd();
    const at = begin + (whole.length - whole.trimStart().length);
    if (line.trim() === '') continue;
    if (/^\s/.test(line) && section !== undefined && key !== undefined) {
      // An assignment that goes on below is no empty one, which would take back what was said before.
      if (isEmpty) lines.pop();
      isEmpty = false;
      lines.push({ section, key, value: line.trim(), offset: at });
      continue;
    }
    const plain = line.trim();
    const fail = (reason: string) => ({ lines, problem: { reason, offset: at } });
    if (plain.startsWith('[')) {
      if (!plain.endsWith(']') || plain.slice(1, -1).trim() === '') return fail('a section is [NAME]');
      section = plain.slice(1, -1).trim();
      key = undefined;
      isEmpty = false;
      continue;
    }
    if (section === undefined) return fail('a setting stands below a section, such as [Content]');
    const equals = plain.indexOf('=');
    if (equals < 1) return fail('a setting is NAME=VALUE');
    key = plain.slice(0, equals).trim();
    const value = plain.slice(equals + 1).trim();
    isEmpty = value === '';
    lines.push({ section, key, value, offset: at });
  }
  return { lines };
}

function commonIndent(text: string): string {
  const indents = text.split('\n').flatMap((line) => (line.trim() === '' ? [] : (/^[\t ]*/.exec(line)?.[0] ?? '')));
  return indents.reduce((one, other) => {
    let length = 0;
    while (length < one.length && one[length] === other[length]) length += 1;
    return one.slice(0, length);
  }, indents[0] ?? '');
}

/** Settings by section and key, each with its lines in their order. */
type IniDocument = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Lines by section and key: a Map, since names are the user's. */
function group(lines: readonly IniLine[]): Map<string, Map<string, IniLine[]>> {
  const sections = new Map<string, Map<string, IniLine[]>>();
  for (const line of lines) {
    const keys = sections.get(line.section) ?? new Map<string, IniLine[]>();
    keys.set(line.key, [...(keys.get(line.key) ?? []), line]);
    sections.set(line.section, keys);
  }
  return sections;
}

/**
 * Reads a mkosi.conf. A line of a value is a text of its own; an empty assignment is an empty one.
 * @throws CliFailure where it is none, with the place
 */
export function parseIni(file: string, text: string): IniDocument {
  const { lines, problem } = readLines(text);
  if (problem === undefined) {
    return Object.fromEntries(
      [...group(lines)].map(([section, keys]) => [
        section,
        Object.fromEntries([...keys].map(([key, values]) => [key, values.map(({ value }) => value)])),
      ]),
    );
  }
  const { reason, offset } = problem;
  const place = placeAt({ file, text, format: 'ini' }, offset);
  throw new CliFailure('usage', {
    code: 'cli.file_unreadable',
    detail: `${file} is no mkosi.conf.`,
    remedy: 'Write it as mkosi(1) says.',
    fields: [{ path: '', code: 'cli.ini_invalid', reason, remedy: '', place }],
  });
}

/** Tells where each line of a value stands. */
export function outlineIni(text: string, tell: (path: FieldPath, offset: number) => void): void {
  for (const [section, keys] of group(readLines(text).lines)) {
    for (const [key, lines] of keys) {
      for (const [index, { offset }] of lines.entries()) {
        tell([section, key, index], offset);
        tell([section, key], offset);
        tell([section], offset);
      }
    }
  }
}
