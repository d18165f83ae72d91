import { quoted } from '../text.ts';

/**
 * References to parameters in the texts of a template: `${{ parameters.name }}`, the form of Azure Pipelines and of
 * GitHub Actions. Shell has no use for `${{`, so that scripts stand in a template as they are; `$${{` is the text `${{`.
 */

/** A text in pieces: what stands for itself, and references. */
export type TextPart = string | { readonly parameter: string };

const opening = '${{';

/** How a parameter is named. */
export const referenceTo = (parameter: string): string => `${opening} parameters.${parameter} }}`;
const reference = /\$\{\{[ \t]{0,8}parameters\.([A-Za-z][A-Za-z0-9]{0,39})[ \t]{0,8}\}\}/y;

/** Reads the references of a text; what is wrong with the first that is none, in words. */
export function textParts(text: string): { readonly parts: readonly TextPart[] } | { readonly wrong: string } {
  const parts: TextPart[] = [];
  let plain = '';
  for (let at = 0; at < text.length; ) {
    const next = text.indexOf(opening, at);
    if (next < 0) {
      plain += text.slice(at);
      break;
    }
    if (next > at && text[next - 1] === '$') {
      // The `$` before it is the escape and goes; one before that is a `$` like any other.
      plain += text.slice(at, next - 1) + opening;
      at = next + opening.length;
      continue;
    }
    reference.lastIndex = next;
    const found = reference.exec(text);
    if (found?.[1] === undefined) return { wrong: `${quoted(text.slice(next, next + 40))} is no reference` };
    plain += text.slice(at, next);
    if (plain !== '') parts.push(plain);
    plain = '';
    parts.push({ parameter: found[1] });
    at = reference.lastIndex;
  }
  if (plain !== '' || parts.length === 0) parts.push(plain);
  return { parts };
}

/** The parts of a text that was read before: what a published version holds. @throws Error where it is none */
export function knownParts(text: string): readonly TextPart[] {
  const read = textParts(text);
  if ('wrong' in read) throw new Error(`a published template holds what is no reference: ${read.wrong}`);
  return read.parts;
}

/** The parameter that a text is as a whole, if it is: its value stands there with its own type. */
export function wholeReference(parts: readonly TextPart[]): string | undefined {
  const [first, ...rest] = parts;
  return rest.length === 0 && typeof first === 'object' ? first.parameter : undefined;
}

/** A text as it must be written in a template to stand for itself. */
export function escapedText(text: string): string {
  return text.replaceAll(opening, () => `$${opening}`);
}
