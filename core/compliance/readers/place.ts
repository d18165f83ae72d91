/** A setting with where it stands, for evidence. */
export interface Placed<Value = string> {
  readonly value: Value;
  /** `/etc/ssh/sshd_config:3` */
  readonly place: string;
}

/** A line of a text, as it stands without white space around it. */
export interface Line {
  readonly text: string;
  readonly place: string;
}

/** Where a line is, in the words of compilers. */
export const placeOf = (path: string, line: number): string => `/${path}:${line}`;

/** The lines of a file that say something: not empty, and beginning with no comment. A `\` at a line's end joins the next. */
export function linesOf(path: string, text: string, comments: RegExp = /^#/): Line[] {
  const lines: Line[] = [];
  let joined = '';
  let first = 0;
  for (const [index, raw] of text.split('\n').entries()) {
    if (joined === '') first = index + 1;
    if (raw.endsWith('\\')) {
      joined += `${raw.slice(0, -1)} `;
      continue;
    }
    const line = `${joined}${raw}`.trim();
    joined = '';
    if (line !== '' && !comments.test(line)) lines.push({ text: line, place: placeOf(path, first) });
  }
  const last = joined.trim();
  if (last !== '' && !comments.test(last)) lines.push({ text: last, place: placeOf(path, first) });
  return lines;
}

/** What stands for nothing: a setting that no file has. */
export const seen = (name: string, found: Placed | undefined, usual: string): string =>
  found === undefined ? `${name} is not set: ${usual}` : `${found.place}: ${name} ${found.value}`;
