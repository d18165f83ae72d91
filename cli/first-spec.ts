import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { printable } from '../core/builds/printable.ts';
import type { FieldError } from '../core/errors.ts';
import { architectures, type OutputType, outputTypes } from '../core/spec/releases.ts';
import { CliFailure } from './failure.ts';
import { askChoice, askText } from './prompts.ts';

/** The presets, with their explanations. */
const folder = new URL('../presets/', import.meta.url);

const presetNames = (): string[] =>
  readdirSync(folder)
    .flatMap((file) => (file.endsWith('.yaml') ? file.slice(0, -5) : []))
    .sort();

/** The text of a preset. @throws CliFailure cli.preset_unknown */
export async function presetText(name: string): Promise<string> {
  const names = presetNames();
  if (names.includes(name)) return readFile(new URL(`${name}.yaml`, folder), 'utf8');
  throw new CliFailure('usage', {
    code: 'cli.preset_unknown',
    detail: `There is no preset ${JSON.stringify(name)}.`,
    remedy: `Name one of these: ${names.join(', ')}.`,
  });
}

/** What a user says of a first spec. */
export interface Wishes {
  readonly name: string;
  readonly output: OutputType;
  /** A line of a public key file in place of the preset's, where it has one; undefined leaves that. */
  readonly sshKey: string | undefined;
}

/**
 * Asks what the first spec is to be, on a terminal.
 * @throws CliFailure where the user breaks off, or wishes do not go together
 */
export async function askFirstSpec(environment: NodeJS.ProcessEnv): Promise<string> {
  const presets = presetNames().map((name) => ({ value: name, label: name, hint: firstSentence(name) }));
  const preset = await askChoice('What is it to be?', presets, 'minimal');
  const text = await presetText(preset);
  const { parse } = await import('yaml');
  const spec: Accounts & { readonly outputs: readonly { readonly type: OutputType }[] } = parse(text);
  const name = await askName(spec, preset);
  const types = outputTypes.map((type) => ({ value: type, label: type }));
  const output = await askChoice('What is to be made of it?', types, spec.outputs[0]?.type);
  const wishes = { name, output, sshKey: undefined };
  if (keyPlace(spec) === undefined) return adapted(text, wishes);
  const key = ownKey(environment);
  const question =
    'Public key of SSH that may log in (a line of a .pub file); empty: that of the preset, which nobody has';
  const sshKey = (await askText(question, key)).trim();
  return adapted(text, { ...wishes, sshKey: sshKey === '' ? undefined : sshKey });
}

/** The part of a preset that says who may log in. */
interface Accounts {
  readonly users?: readonly { readonly sshKeys?: unknown }[];
  readonly rootAccount?: { readonly sshKeys?: unknown };
}

/** Where a preset names the keys of who may log in; undefined where nobody may. */
function keyPlace({ users = [], rootAccount }: Accounts): (string | number)[] | undefined {
  const user = users.findIndex(({ sshKeys }) => sshKeys !== undefined);
  if (user !== -1) return ['users', user, 'sshKeys'];
  return rootAccount?.sshKeys === undefined ? undefined : ['rootAccount', 'sshKeys'];
}

/**
 * A preset as wished, with its explanations.
 * @throws CliFailure spec.invalid where it is none with these wishes
 */
export async function adapted(preset: string, wishes: Wishes): Promise<string> {
  const { isMap, parseDocument } = await import('yaml');
  const document = parseDocument(preset.replace(/(named after it: )\S+\.$/m, `$1${wishes.name}.${wishes.output}.`));
  document.set('name', wishes.name);
  const first: unknown = document.getIn(['outputs', 0]);
  if (isMap(first) && first.get('type') !== wishes.output)
    document.set('outputs', document.createNode([{ type: wishes.output }]));
  const place = keyPlace(document.toJS());
  if (wishes.sshKey !== undefined && place !== undefined) {
    document.setIn(place, document.createNode([wishes.sshKey]));
  }
  const errors = await errorsOf(document.toJS());
  if (errors.length === 0) return document.toString({ lineWidth: 0 });
  throw new CliFailure('usage', {
    ...{ code: 'spec.invalid', detail: 'This preset cannot be made so.', fields: errors },
    remedy: 'Choose otherwise, or write it with --preset and change it in an editor.',
  });
}

/** All that is wrong with a spec, as far as can be known without an engine. */
export async function errorsOf(content: unknown): Promise<readonly FieldError[]> {
  // The rules are the largest thing that most commands never need.
  const { checkSpec } = await import('../core/spec/check.ts');
  const checked = checkSpec(content, { architectures, outputs: outputTypes, snapshots: true });
  return checked.ok ? [] : checked.errors;
}

/** Asks for a name until it is one. */
async function askName(preset: object, initial: string): Promise<string> {
  for (;;) {
    const name = await askText('Its name', initial);
    const wrong = (await errorsOf({ ...preset, name })).find(({ path: field }) => field === 'name');
    if (wrong === undefined) return name;
    process.stderr.write(`   ${printable(`${wrong.reason}. ${wrong.remedy}`)}\n`);
  }
}

/** The first sentence of a preset's explanation. */
function firstSentence(name: string): string {
  const text = readFileSync(new URL(`${name}.yaml`, folder), 'utf8');
  const remark = /^(?:# .*\n)+/.exec(text)?.[0] ?? '';
  const [sentence = ''] = remark
    .replaceAll(/^# |\n$/gm, '')
    .replaceAll('\n', ' ')
    .split(/[:.;](?: |$)/);
  return sentence;
}

/** The public key of SSH that a user most likely means. */
function ownKey({ HOME: home = '' }: NodeJS.ProcessEnv): string | undefined {
  const files = ['id_ed25519.pub', 'id_ecdsa.pub', 'id_rsa.pub'].map((file) => path.join(home, '.ssh', file));
  const file = path.isAbsolute(home) ? files.find((one) => existsSync(one)) : undefined;
  return file === undefined ? undefined : readFileSync(file, 'utf8').trim();
}
