const escapeCharacter = String.fromCharCode(0x1b);
const bellCharacter = String.fromCharCode(0x07);

/** Escape sequences (ECMA-48), which a terminal acts on instead of showing. */
const escapeSequences = new RegExp(
  `${escapeCharacter}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${bellCharacter}${escapeCharacter}]*(?:${bellCharacter}|${escapeCharacter}\\\\)?|[ -/]*[0-~])`,
  'g',
);

/** Control characters, line ends of Unicode, and marks that turn the direction of text: they hide what a line says. */
const controls = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Text that builds wrote, as it may be shown to people: build output is the tenant's, and may be hostile. */
export function printable(text: string): string {
  return text.replace(escapeSequences, '').replace(controls, (character) => (character === '\t' ? character : ''));
}
