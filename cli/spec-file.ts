import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FieldError } from '../core/errors.ts';
import { asCliFailure, CliFailure, type PlacedError } from './failure.ts';
import type { SourceText } from './places.ts';
import { findPlaces, findUnreadable } from './spec-places.ts';

/** A spec as its file has it; the engine parses it, so that every door gives the same errors. TOML is told as JSON. */
export interface SpecFile {
  readonly text: string;
  readonly mediaType: 'application/json' | 'application/yaml';
  /** What the user wrote. */
  readonly source: SourceText;
}

/** Reads a spec's file; `-` is standard input, in YAML or JSON. @throws CliFailure where it cannot be read. */
export async function readSpecFile(file: string): Promise<SpecFile> {
  const source: SourceText = {
    file,
    text: await readText(file),
    format: formats[path.extname(file).toLowerCase()] ?? 'yaml',
  };
  if (source.format === 'toml') {
    const { tomlToJson } = await import('./toml-file.ts');
    return { text: tomlToJson(file, source.text), mediaType: 'application/json', source };
  }
  return { text: source.text, mediaType: source.format === 'json' ? 'application/json' : 'application/yaml', source };
}

const formats: Readonly<Record<string, SourceText['format']>> = { '.json': 'json', '.toml': 'toml' };

/**
 * Waits for a call that was given what files hold: of an error in their fields, or that ends their reading, says where in
 * the file it is.
 * @throws CliFailure
 */
export async function withPlaces<T>(spec: SpecFile | undefined, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const failure = asCliFailure(error);
    if (spec === undefined) throw failure;
    if (failure.code === 'request.unreadable') throw await unreadable(spec, failure);
    throw failure.withFields(await placedFields(spec, failure.fields));
  }
}

/** That a file cannot be read, with the place where it ceases to be. */
async function unreadable({ source }: SpecFile, failure: CliFailure): Promise<CliFailure> {
  const place = await findUnreadable(source);
  if (place === undefined) return failure;
  const { exit, code, remedy, message, cause } = failure;
  // Parsers name line and column too, and show the line.
  const text = source.format === 'yaml' ? (message.split('\n')[0] ?? '') : message.replaceAll(/\s+/g, ' ');
  const reason = text
    .replace(/\.+$/, '')
    .replace(/ (?:at line \d+, column \d+:?|(?:in JSON )?at position \d+ \(line \d+ column \d+\))$/, '');
  const detail = `${source.file} cannot be read as ${source.format.toUpperCase()}.`;
  return new CliFailure(exit, { code, detail, remedy, fields: [{ path: '', code, reason, remedy: '', place }] }, cause);
}

/** Errors in fields of a spec, with their places in its file. */
export async function placedFields(spec: SpecFile, fields: readonly FieldError[]): Promise<PlacedError[]> {
  if (fields.length === 0) return [];
  const places = await findPlaces(
    spec.source,
    fields.map((field) => field.path),
  );
  return fields.map((field, index) => {
    const place = places[index];
    return place === undefined ? field : { ...field, place };
  });
}

/** The text of a file, or of standard input (`-`). @throws CliFailure where it cannot be read */
export async function readText(
  file: string,
  remedy = 'Name the file of a spec; `lbuild init` writes one.',
): Promise<string> {
  try {
    return file === '-' ? await readStandardInput() : await readFile(file, 'utf8');
  } catch (error) {
    throw new CliFailure(
      'usage',
      {
        code: 'cli.file_unreadable',
        detail: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        remedy,
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
