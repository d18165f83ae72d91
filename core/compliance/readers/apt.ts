import type { InspectedTree } from '../inspected-tree.ts';
import { dropIns, readFile } from './drop-ins.ts';
import { linesOf, type Placed, placeOf } from './place.ts';

/** An archive that apt takes packages from. */
export interface AptSource {
  readonly place: string;
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  /** Files or fingerprints of keys that vouch for it; empty: every key in apt’s folder does. */
  readonly signedBy: string;
  /** `Trusted: yes`: it is believed without a signature. */
  readonly trusted: boolean;
}

/** The archives of sources.list(5), in both forms, those that are switched off left out. */
export function readAptSources(tree: InspectedTree): AptSource[] {
  const main = readFile(tree, 'etc/apt/sources.list');
  const lists = [...(main === undefined ? [] : [main]), ...dropIns(tree, ['etc/apt/sources.list.d'], '.list')];
  const stanzas = dropIns(tree, ['etc/apt/sources.list.d'], '.sources');
  return [
    ...lists.flatMap(({ path, text }) => linesOf(path, text).flatMap(({ text: line, place }) => oneLine(line, place))),
    ...stanzas.flatMap(({ path, text }) => stanzasOf(path, text)),
  ];
}

function oneLine(line: string, place: string): AptSource[] {
  const [, options = '', uri = '', suite = ''] = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)/.exec(line) ?? [];
  if (uri === '') return [];
  const option = (name: string) =>
    options
      .split(/\s+/)
      .flatMap((each) => (each.toLowerCase().startsWith(`${name}=`) ? each.slice(name.length + 1) : []))[0];
  return [
    { place, uris: [uri], suites: [suite], signedBy: option('signed-by') ?? '', trusted: isYes(option('trusted')) },
  ];
}

function stanzasOf(path: string, text: string): AptSource[] {
  const sources: AptSource[] = [];
  let fields = new Map<string, string>();
  let first = 0;
  let last = '';
  const end = () => {
    const list = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '');
    const off = /^(?:no|false|off|0|without|disable)$/i.test(fields.get('enabled')?.trim() ?? '');
    if (list('types').includes('deb') && !off) {
      const signedBy = (fields.get('signed-by') ?? '').trim();
      const [uris, suites] = [list('uris'), list('suites')];
      sources.push({
        place: placeOf(path, first),
        uris,
        suites,
        signedBy,
        trusted: isYes(fields.get('trusted')?.trim()),
      });
    }
    fields = new Map();
    last = '';
  };
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('#')) continue;
    if (line.trim() === '') {
      end();
      continue;
    }
    const [, name, value = ''] = /^([A-Za-z0-9-]+):(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      if (fields.size === 0) first = index + 1;
      last = name.toLowerCase();
      fields.set(last, value);
    } else if (/^[ \t]/.test(line) && last !== '') {
      fields.set(last, `${fields.get(last) ?? ''}\n${line}`);
    }
  }
  end();
  return sources;
}

const isYes = (value: string | undefined): boolean => /^(?:yes|true|with|on|enable|1)$/i.test(value ?? '');

/** Settings of apt.conf(5) by their whole names in lower case, in both notations; the last one counts. */
export function aptSettings(tree: InspectedTree): ReadonlyMap<string, Placed> {
  const own = readFile(tree, 'etc/apt/apt.conf');
  // Of the folder apt reads names without an ending, and those that end in .conf.
  const parts = dropIns(tree, ['etc/apt/apt.conf.d'], '').filter(({ path }) =>
    /\/[A-Za-z0-9_-]+(?:\.conf)?$/.test(path),
  );
  const files = [...parts, ...(own === undefined ? [] : [own])];
  const settings = new Map<string, Placed>();
  for (const { path, text } of files) {
    const scope: string[] = [];
    let name = '';
    for (const { token, line } of tokensOf(text)) {
      if (token === '{') {
        scope.push(name);
        name = '';
      } else if (token === '}') {
        scope.pop();
        name = '';
      } else if (token === ';') name = '';
      else if (token.startsWith('"')) {
        const key = [...scope, name].filter((part) => part !== '').join('::');
        settings.set(key.toLowerCase(), { value: token.slice(1, -1), place: placeOf(path, line) });
      } else name = token;
    }
  }
  return settings;
}

function* tokensOf(text: string): Generator<{ readonly token: string; readonly line: number }> {
  let line = 1;
  // Comments, texts in quotes, marks, line ends, and words.
  for (const [token] of text.matchAll(
    /\/\/[^\n]*|#[^\n]*|\/\*[^*]*(?:\*(?!\/)[^*]*)*\*\/|"[^"\n]*"|[{};]|\n|[^\s{};"]+/g,
  )) {
    if (token === '\n') line += 1;
    else if (token.startsWith('/*')) line += token.split('\n').length - 1;
    else if (!token.startsWith('//') && !token.startsWith('#')) yield { token, line };
  }
}
