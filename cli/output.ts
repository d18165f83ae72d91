/** Where commands write: results to standard output, all else to standard error. */
export interface Output {
  /** A line of the result. */
  line(text: string): void;
  /** The one JSON document of a command with --json. */
  document(value: object): void;
  /** A remark that is no result. */
  note(text: string): void;
}

/** Characters that JSON may hold as they are, and on which a terminal acts or turns the direction of text. */
const hiding = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** JSON for people: what a tenant wrote into a value shows as an escape where it would hide what the text says. */
export const readableJson = (value: unknown): string => escaped(JSON.stringify(value, null, 2));

/** YAML for people, likewise. */
export async function readableYaml(value: unknown): Promise<string> {
  const { Document, visit } = await import('yaml');
  const document = new Document(value);
  visit(document, {
    // Double quotes are the one form of YAML that has escapes.
    Scalar(_key, node) {
      if (typeof node.value === 'string' && node.value.search(hiding) !== -1) node.type = 'QUOTE_DOUBLE';
    },
  });
  return escaped(document.toString()).trimEnd();
}

const escaped = (text: string): string =>
  text.replace(hiding, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Writes to this process's streams. */
export function processOutput(): Output {
  return {
    line: (text) => process.stdout.write(`${text}\n`),
    document: (value) => process.stdout.write(`${readableJson(value)}\n`),
    note: (text) => process.stderr.write(`${text}\n`),
  };
}
