import { readReference } from '../core/templates/template-name.ts';
import { CliFailure } from './failure.ts';
import { readSpecFile } from './spec-file.ts';

/** Reads a template's file as an object; the engine judges what is in it. @throws CliFailure where it is none */
export async function readTemplateFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  const { text } = await readSpecFile(file);
  const { parse } = await import('yaml');
  const refuse = (detail: string, error?: unknown) =>
    new CliFailure('usage', { code: 'request.unreadable', detail, remedy: 'Write a template in YAML or JSON.' }, error);
  let content: unknown;
  try {
    // JSON is YAML too.
    content = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw refuse(`${file}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw refuse(`${file} holds no object.`);
  }
  return { ...content };
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
