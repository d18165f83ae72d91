import path from 'node:path';
import { documentRefusal } from '../core/import/foreign.ts';
import type { ImportKind } from '../core/import/import-document.ts';
import { CliFailure, type PlacedError } from './failure.ts';
import { placeAt, type SourceText } from './places.ts';
import { readText } from './spec-file.ts';
import { findJsonError } from './spec-places.ts';

/** Formats, as an option names them. */
export const sourceKinds = ['blueprint', 'mkosi', 'cloud-init'] as const;
export type SourceKind = (typeof sourceKinds)[number];

/** A foreign file, read. */
export interface ImportSource {
  readonly kind: ImportKind;
  readonly document: unknown;
  /** What the user wrote; without a format where it has no keys that could be found. */
  readonly source: SourceText;
}

/** Characters of a file: clouds take 64 KiB of user-data, and a spec has at most 256 KiB. */
const longest = 1_048_576;

/** First lines of user-data that are read. */
const configHeader = /^#cloud-config\s*$/;
/** First lines of other user-data, each with what to do. */
const otherHeaders: readonly { readonly header: RegExp; readonly what: string; readonly remedy: string }[] = [
  {
    header: /^##\s*template:/,
    what: 'a template, whose values a cloud fills in',
    remedy:
      'Render it first: `cloud-init query --format` does, or write the values in. Then begin it with #cloud-config.',
  },
  { header: /^#include/, what: 'a list of addresses', remedy: 'Fetch what they name, and import each by itself.' },
  {
    header: /^#cloud-boothook|^#part-handler|^#upstart-job/,
    what: 'code that cloud-init runs at each boot',
    remedy: 'Write what it does as a unit of systemd in `files`.',
  },
  {
    header: /^#cloud-config-(?:archive|jsonp)/,
    what: 'an archive or a patch of configurations',
    remedy: 'Import each configuration by itself.',
  },
  {
    header: /^(?:Content-Type:\s*multipart|MIME-Version:)/i,
    what: 'a message of several parts',
    remedy: 'Import each part by itself: `cloud-init devel make-mime` has put them together.',
  },
];

const firstLine = (text: string): string => text.split('\n', 1)[0]?.trimEnd() ?? '';

const isUserData = (text: string): boolean => {
  const line = firstLine(text);
  return line.startsWith('#!') || configHeader.test(line) || otherHeaders.some(({ header }) => header.test(line));
};

/** What a file is, by what it holds and by its name; undefined where neither tells. */
export function guessKind(file: string, text: string): SourceKind | undefined {
  const name = path.basename(file).toLowerCase();
  if (isUserData(text)) return 'cloud-init';
  if (
    /^\[(?:Distribution|Output|Content|Match|TriggerMatch|Build|Host|Runtime|Validation|Config|Include)\]/m.test(text)
  ) {
    return 'mkosi';
  }
  if (/^[\t ]*\[{1,2}[\t ]*(?:customizations|packages|modules|groups|containers)\b/m.test(text)) return 'blueprint';
  if (/^\s*\{/.test(text) && /"(?:customizations|packages|modules|distro)"\s*:/.test(text)) return 'blueprint';
  if (name.startsWith('mkosi') && name.endsWith('.conf')) return 'mkosi';
  if (name.endsWith('.toml')) return 'blueprint';
  return /^user[-_.]?data/.test(name) ? 'cloud-init' : undefined;
}

function refusal(code: string, detail: string, remedy: string, fields: readonly PlacedError[] = []): CliFailure {
  return new CliFailure('usage', { code, detail, remedy, fields });
}

/** Reads a file of another image builder. @throws CliFailure where it is none that can be read, with the place */
export async function readImportSource(file: string, kind: SourceKind | undefined): Promise<ImportSource> {
  const text = (await readText(file, 'Name the file to import.')).replace(/^\uFEFF/, '');
  if (text.length > longest) {
    throw refusal(
      'cli.import_too_large',
      `${file} has more than ${longest} characters.`,
      'Import what describes the image alone.',
    );
  }
  if (text.startsWith('\u001F\uFFFD')) {
    throw refusal('cli.file_unreadable', `${file} is compressed with gzip.`, 'Unpack it with gunzip first.');
  }
  const known = kind ?? guessKind(file, text);
  if (known === undefined) {
    throw refusal(
      'cli.import_kind_unknown',
      `Neither the name of ${file} nor what it holds tells what it is.`,
      `Say it with --kind ${sourceKinds.join(', --kind ')}. User-data begins with #cloud-config or #!.`,
    );
  }
  const read = await readers[known](file, text);
  const reason = documentRefusal(read.document);
  if (reason !== undefined)
    throw refusal(
      'cli.import_unreadable',
      `${file} cannot be imported: ${reason}.`,
      'Name another file, or another --kind.',
    );
  return { ...read, document: plainValue(read.document) };
}

const readers: Readonly<Record<SourceKind, (file: string, text: string) => Promise<ImportSource>>> = {
  async blueprint(file, text) {
    if (/^\s*\{/.test(text))
      return { kind: 'blueprint', document: await parseJson(file, text), source: { file, text, format: 'json' } };
    const { tomlToJson } = await import('./toml-file.ts');
    const document: unknown = JSON.parse(bounded(file, () => tomlToJson(file, text)));
    return { kind: 'blueprint', document, source: { file, text, format: 'toml' } };
  },
  async mkosi(file, text) {
    const { parseIni } = await import('./ini-file.ts');
    return { kind: 'mkosi', document: parseIni(file, text), source: { file, text, format: 'ini' } };
  },
  async 'cloud-init'(file, text) {
    const line = firstLine(text);
    const source: SourceText = { file, text, format: 'yaml' };
    if (line.startsWith('#!')) return { kind: 'script', document: { script: text }, source };
    const other = otherHeaders.find(({ header }) => header.test(line));
    if (other !== undefined) throw refusal('cli.import_user_data', `${file} is ${other.what}.`, other.remedy);
    if (!configHeader.test(line)) {
      throw refusal(
        'cli.import_user_data',
        `${file} is no user-data that cloud-init takes.`,
        'Begin it with the line #cloud-config, or with #! where it is a script.',
      );
    }
    return { kind: 'cloud-init', document: await parseCloudConfig(file, text), source };
  },
};

const tooDeep = (file: string): CliFailure =>
  refusal('cli.import_unreadable', `${file} is nested too deep, or repeats itself too often.`, 'Flatten it.');

/** Parsers call themselves for each level: of what is nested too deep the stack ends. */
function bounded<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof ReferenceError)) throw error;
    throw tooDeep(file);
  }
}

async function parseJson(file: string, text: string): Promise<unknown> {
  try {
    return bounded(file, (): unknown => JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const place = placeAt({ file, text, format: 'json' }, (await findJsonError(text)) ?? 0);
    const reason = error.message.replaceAll(/\s+/g, ' ');
    throw refusal('cli.file_unreadable', `${file} is not JSON.`, 'Write JSON or TOML.', [
      { path: '', code: 'cli.json_invalid', reason, remedy: '', place },
    ]);
  }
}

/** Cloud-init reads YAML 1.1, where `yes` is true and 0644 is a number; a time stays as it is written. */
async function parseCloudConfig(file: string, text: string): Promise<unknown> {
  const { parseDocument } = await import('yaml');
  const document = bounded(file, () =>
    parseDocument(text, {
      version: '1.1',
      logLevel: 'silent',
      customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:timestamp'),
    }),
  );
  const [error] = document.errors;
  if (error?.message.startsWith('Maximum call stack')) throw tooDeep(file);
  if (error !== undefined) {
    const place = placeAt({ file, text, format: 'yaml' }, error.pos[0]);
    const reason = error.message.split('\n')[0]?.replace(/ at line .*$/, '') ?? '';
    throw refusal('cli.file_unreadable', `${file} is not YAML.`, 'Write it as cloud-init takes it.', [
      { path: '', code: 'cli.yaml_invalid', reason, remedy: '', place },
    ]);
  }
  const value: unknown = bounded(file, (): unknown => document.toJS());
  // A file that says nothing is a configuration that says nothing.
  return value ?? {};
}

/** A value as JSON has it: what YAML has beside that becomes text, its binary base64. */
function plainValue(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return { '!!binary': Buffer.from(value).toString('base64') };
  if (value instanceof Set) return [...value].map(plainValue);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, member]) => [String(key), plainValue(member)]));
  }
  if (Array.isArray(value)) return value.map(plainValue);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainValue(member)]));
}
