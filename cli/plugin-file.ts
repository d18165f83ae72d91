import { readFile } from 'node:fs/promises';
import { type PluginDeclaration, pluginDeclarationSchema } from '../core/plugins/declaration.ts';
import { asCliFailure, CliFailure } from './failure.ts';

/** Reads text of a plugin: its code, or what goes with it. @throws CliFailure where it cannot be read */
export async function readPluginText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { message: detail } = asCliFailure(error);
    throw new CliFailure(
      'usage',
      { code: 'cli.file_unreadable', detail, remedy: 'Name a file that can be read.' },
      error,
    );
  }
}

/** Reads a declaration or an input, in JSON or YAML. @throws CliFailure where it cannot be read */
export async function readPluginData(file: string): Promise<unknown> {
  const text = await readPluginText(file);
  const { parse } = await import('yaml');
  try {
    const read: unknown = parse(text, { maxAliasCount: 0 });
    return read;
  } catch (error) {
    const { message } = asCliFailure(error);
    throw new CliFailure(
      'usage',
      { code: 'cli.file_unreadable', detail: `${file}: ${message}`, remedy: 'Write JSON or YAML.' },
      error,
    );
  }
}

/** Reads what a plugin declares. @throws CliFailure with all that is wrong with it */
export async function readDeclaration(file: string): Promise<PluginDeclaration> {
  const read = pluginDeclarationSchema.safeParse(await readPluginData(file));
  if (read.success) return read.data;
  throw new CliFailure('usage', {
    code: 'cli.declaration_invalid',
    detail: `The declaration in ${file} is not valid.`,
    remedy: 'docs/plugins.md says what a plugin declares.',
    fields: read.error.issues.map(({ path, message }) => ({
      ...{ path: path.map(String).join('.'), code: 'plugin.declaration_invalid', reason: message, remedy: '' },
    })),
  });
}
