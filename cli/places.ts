/** A place in a file that a user wrote: line and column count from 1, the column in UTF-16 units as editors count. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The line, without its end. */
  readonly excerpt: string;
}

/** The text of a file as the user wrote it. */
export interface SourceText {
  readonly file: string;
  readonly text: string;
  readonly format: 'json' | 'yaml' | 'toml' | 'ini';
}

/** Offsets at which the lines of a text begin. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}

/** The place of an offset in UTF-16 units. Who asks for many gives where the lines begin. */
export function placeAt({ file, text }: SourceText, offset: number, starts = lineStarts(text)): Place {
  let line = 0;
  for (let after = starts.length; line + 1 < after; ) {
    const middle = (line + after) >> 1;
    if ((starts[middle] ?? 0) <= offset) line = middle;
    else after = middle;
  }
  const begin = starts[line] ?? 0;
  const end = text.indexOf('\n', offset);
  return {
    file,
    line: line + 1,
    column: offset - begin + 1,
    excerpt: text.slice(begin, end === -1 ? undefined : end).replace(/\r$/, ''),
  };
}
