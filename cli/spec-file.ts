import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CliFailure } from './failure.ts';

/** A spec as its file has it; the engine parses it, so that every door gives the same errors. */
export interface SpecFile {
  readonly text: string;
  readonly mediaType: 'application/json' | 'application/yaml';
}

/** Reads a spec's file; `-` is standard input. @throws CliFailure where it cannot be read. */
export async function readSpecFile(file: string): Promise<SpecFile> {
  try {
    const text = file === '-' ? await readStandardInput() : await readFile(file, 'utf8');
    const mediaType = path.extname(file) === '.json' ? 'application/json' : 'application/yaml';
    return { text, mediaType };
  } catch (error) {
    throw new CliFailure(
      'usage',
      {
        code: 'cli.file_unreadable',
        detail: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        remedy: 'Name the file of a spec; `lbuild init` writes one.',
      },
      error,
    );
  }
}

/** All of standard input, as text. */
export async function readStandardInput(): Promise<string> {
  process.stdin.setEncoding('utf8');
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}
