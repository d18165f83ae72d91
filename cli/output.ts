/** Where commands write: results to standard output, all else to standard error. */
export interface Output {
  /** A line of the result. */
  line(text: string): void;
  /** The one JSON document of a command with --json. */
  document(value: object): void;
  /** A remark that is no result. */
  note(text: string): void;
}

/** Writes to this process's streams. */
export function processOutput(): Output {
  return {
    line: (text) => process.stdout.write(`${text}\n`),
    document: (value) => process.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    note: (text) => process.stderr.write(`${text}\n`),
  };
}
