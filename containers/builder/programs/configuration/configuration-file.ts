/** A file of the image that a section is written to. It belongs to root. */
export interface ConfigurationFile {
  /** Absolute, in the image. */
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/** A file of lines, which anybody may read, with a remark before them that says where they are from. */
export function linesFile(
  path: string,
  field: string,
  lines: readonly string[],
  mark: '#' | '//' = '#',
): ConfigurationFile {
  const text = [`${mark} Made of \`${field}\` in the build spec.`, ...lines];
  return { path, content: text.map((line) => `${line}\n`).join(''), mode: 0o644 };
}
