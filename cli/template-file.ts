import { readReference } from '../core/templates/template-name.ts';
import { CliFailure } from './failure.ts';
import { readSpecFile, type SpecFile } from './spec-file.ts';

/** A template's file, and what is in it. */
export interface TemplateFile {
  readonly file: SpecFile;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Reads a template's file as an object; the engine judges what is in it. @throws CliFailure where it is none */
export async function readTemplateFile(name: string): Promise<TemplateFile> {
  const file = await readSpecFile(name);
  const { parse } = await import('yaml');
  const refuse = (detail: string, error?: unknown) =>
    new CliFailure(
      'usage',
      { code: 'request.unreadable', detail, remedy: 'Write a template in YAML, JSON or TOML.' },
      error,
    );
  let content: unknown;
  try {
    // JSON is YAML too.
    content = parse(file.text, { maxAliasCount: 0 });
  } catch (error) {
    throw refuse(`${name}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw refuse(`${name} holds no object.`);
  }
  return { file, content: { ...content } };
}

/** Reads `name`, `name@version`, `id` or `id@version`. @throws CliFailure where it is none of them */
export function readReferenceArgument(text: string): { readonly template: string; readonly version?: number } {
  const reference = readReference(text);
  if (reference !== undefined) return reference;
  throw new CliFailure('usage', {
    code: 'cli.no_template',
    detail: `${text} names no template.`,
    remedy: 'Write name, name@version, id or id@version.',
  });
}
