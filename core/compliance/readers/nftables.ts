import type { InspectedTree } from '../inspected-tree.ts';
import { type Placed, placeOf } from './place.ts';

/** A base chain: where packets come in, and what becomes of those that no rule takes. */
export interface BaseChain {
  readonly family: string;
  readonly hook: string;
  readonly policy: Placed;
  /** What its rules and those of the chains it jumps to let in, by protocol: `tcp/22`, `udp/60000-61000`. */
  readonly ports: readonly Placed[];
  /** Rules that let in what is named neither by a port nor by a state; a person has to read these. */
  readonly others: readonly Placed[];
}

interface Token {
  readonly text: string;
  readonly line: number;
}

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly rules: { readonly words: readonly string[]; readonly place: string }[];
  hook?: string;
  policy?: Placed;
}

/**
 * The base chains of `/etc/nftables.conf`, in nft(8)’s nested notation: what systemd loads at boot. A file that is
 * included is not read, and `include` is told among `others` of every chain. Undefined where there is no such file.
 */
export function readNftables(tree: InspectedTree): BaseChain[] | undefined {
  const path = 'etc/nftables.conf';
  const text = tree.text(path);
  if (text === undefined) return undefined;
  const tokens = tokensOf(text);
  const chains = chainsOf(tokens, path);
  const includes = tokens.flatMap(({ text: word, line }) =>
    word === 'include' ? [{ value: 'include of another file', place: placeOf(path, line) }] : [],
  );
  return chains.flatMap((chain) => {
    if (chain.hook === undefined) return [];
    const rules = reachable(chain, chains).flatMap((each) => each.rules);
    return {
      family: chain.family,
      hook: chain.hook,
      // By nft(8), what says nothing lets in.
      policy: chain.policy ?? { value: 'accept', place: placeOf(path, 1) },
      ports: rules.flatMap(portsOf),
      others: [...rules.flatMap(otherOf), ...includes],
    };
  });
}

function tokensOf(text: string): Token[] {
  return text.split('\n').flatMap((raw, index) => {
    const line = raw.replace(/(^|\s)#.*$/, '$1');
    return [...line.matchAll(/"[^"]*"|[{};,]|[^\s{};,"]+/g)]
      .map(([word]) => ({ text: word, line: index + 1 }))
      .concat({ text: ';', line: index + 1 });
  });
}

function chainsOf(tokens: readonly Token[], path: string): Chain[] {
  const chains: Chain[] = [];
  let at = 0;
  const word = () => tokens[at]?.text;
  while (at < tokens.length) {
    if (word() !== 'table') {
      at += 1;
      continue;
    }
    at += 1;
    const names: string[] = [];
    while (word() !== undefined && word() !== '{' && word() !== ';') names.push(tokens[at++]?.text ?? '');
    if (word() !== '{') continue;
    at += 1;
    const [family, table] = names.length > 1 ? [names[0] ?? '', names[1] ?? ''] : ['ip', names[0] ?? ''];
    // Inside of a table: chains, sets and maps, each with a block.
    while (at < tokens.length && word() !== '}') {
      if (word() === 'chain') {
        const name = tokens[at + 1]?.text ?? '';
        at += 2;
        while (word() === ';') at += 1;
        if (word() !== '{') continue;
        const chain: Chain = { family, table, name, rules: [] };
        at = readChain(tokens, at + 1, path, chain);
        chains.push(chain);
      } else if (word() === '{') at = afterBlock(tokens, at);
      else at += 1;
    }
    at += 1;
  }
  return chains;
}

function afterBlock(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let at = from; at < tokens.length; at += 1) {
    if (tokens[at]?.text === '{') depth += 1;
    if (tokens[at]?.text === '}') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return tokens.length;
}

/** Reads what stands in a chain’s block; answers where the tokens go on after it. */
function readChain(tokens: readonly Token[], from: number, path: string, chain: Chain): number {
  let words: string[] = [];
  let line = 0;
  let depth = 0;
  const end = () => {
    if (words.length > 0) takeStatement(chain, words, placeOf(path, line));
    words = [];
  };
  for (let at = from; at < tokens.length; at += 1) {
    const { text, line: here } = tokens[at] ?? { text: '', line: 0 };
    if (text === '{') depth += 1;
    if (text === '}') {
      if (depth === 0) {
        end();
        return at + 1;
      }
      depth -= 1;
    }
    // A line end inside of a set `{ 22, 80 }` ends no rule.
    if (text === ';' && depth === 0) end();
    else if (text !== ';') {
      if (words.length === 0) line = here;
      words.push(text);
    }
  }
  return tokens.length;
}

function takeStatement(chain: Chain, words: readonly string[], place: string): void {
  const after = (name: string) => words[words.indexOf(name) + 1];
  if (words[0] === 'type' && words.includes('hook')) {
    const hook = after('hook');
    if (hook !== undefined) chain.hook = hook;
  } else if (words[0] === 'policy') chain.policy = { value: words[1] ?? '', place };
  else chain.rules.push({ words, place });
}

/** A chain and those that its rules jump to. */
function reachable(chain: Chain, chains: readonly Chain[]): Chain[] {
  const found = [chain];
  for (const each of found) {
    for (const { words } of each.rules) {
      for (const [index, name] of words.entries()) {
        if (words[index - 1] !== 'jump' && words[index - 1] !== 'goto') continue;
        const next = chains.find(
          (one) => one.table === chain.table && one.family === chain.family && one.name === name,
        );
        if (next !== undefined && !found.includes(next)) found.push(next);
      }
    }
  }
  return found;
}

const lets = (words: readonly string[]): boolean => words.includes('accept');

/** `tcp dport { 22, 80-90 } accept`, `th dport 53 accept`. */
function portsOf({ words, place }: Chain['rules'][number]): Placed[] {
  const at = words.indexOf('dport');
  if (at < 1 || !lets(words)) return [];
  const protocol = words[at - 1] ?? '';
  const [first = ''] = words.slice(at + 1);
  const listed = first === '{' ? words.slice(at + 2, words.indexOf('}', at)) : [first];
  return listed.filter((word) => word !== ',').map((port) => ({ value: `${protocol}/${port}`, place }));
}

/** Answers, the machine itself, and ICMP are let in everywhere; of the rest a person must say why. */
function otherOf({ words, place }: Chain['rules'][number]): Placed[] {
  if (!lets(words) || words.includes('dport')) return [];
  const harmless =
    (words.includes('ct') && words.includes('state') && !words.includes('new')) ||
    ((words.includes('iif') || words.includes('iifname')) && words.some((word) => word === 'lo' || word === '"lo"')) ||
    words.some((word) => /^(?:icmp|icmpv6|ipv6-icmp)$/.test(word));
  return harmless ? [] : [{ value: words.join(' '), place }];
}
