import type { Architecture, ReleaseName } from '../spec/releases.ts';
import type { Draft, DraftPath, Told } from './draft.ts';
import { childrenOf, type Foreign, memberOf } from './foreign.ts';

/** What an import is given beside the document. */
export interface ImportSettings {
  /** Name of the spec where the document has none. */
  readonly name: string;
  /** The release to build, whatever the document says. */
  readonly release?: ReleaseName | undefined;
  readonly architecture?: Architecture | undefined;
  /** Hashes a password as crypt(5) does; undefined where it cannot be hashed whole. */
  hashPassword(plain: string): string | undefined;
  /** Unpacks gzip; undefined where it is none, or larger than a file of a spec may be. */
  gunzip(bytes: Uint8Array): Uint8Array | undefined;
}

/** Where a rule reads. */
export interface Scope {
  readonly draft: Draft;
  readonly settings: ImportSettings;
  readonly document: Foreign;
  /** The object of the spec that the object of the document becomes; empty for the whole. */
  readonly at: DraftPath;
}

/** What becomes of a key of a foreign format. */
export interface Rule {
  /** What it becomes, for the table of the documentation; empty of what is only what its members are. */
  readonly says: string;
  readonly members?: Readonly<Record<string, Rule>>;
  readonly items?: Rule;
  read(node: Foreign, scope: Scope): void;
}

const unknownKey = 'lbuild knows no such key here';

/** It has no counterpart; the reason says what to do instead, where there is something. */
export function none(reason: string): Rule {
  return { says: `none: ${reason}`, read: (node, { draft }) => draft.say(node, 'dropped', reason) };
}

/** It needs no field: what it says is so in any case. */
export function given(reason: string): Rule {
  return { says: `needs none: ${reason}`, read: (node, { draft }) => draft.say(node, 'taken', reason) };
}

/** An object: each of its members by its own rule, in the order of the rules. */
export function object(
  members: Readonly<Record<string, Rule>>,
  more: { readonly says?: string; readonly enter?: (node: Foreign, scope: Scope) => Scope | undefined } = {},
): Rule {
  return {
    says: more.says ?? '',
    members,
    read(node, scope) {
      if (typeof node.value !== 'object' || node.value === null || Array.isArray(node.value)) {
        return scope.draft.say(node, 'dropped', 'an object belongs here');
      }
      const inner = more.enter === undefined ? scope : more.enter(node, scope);
      if (inner === undefined) return undefined;
      if (childrenOf(node).length === 0) return scope.draft.say(node, 'taken', 'nothing is said');
      for (const [name, rule] of Object.entries(members)) {
        const member = memberOf(node, name);
        if (member !== undefined) rule.read(member, inner);
      }
      for (const child of childrenOf(node)) {
        if (!Object.hasOwn(members, String(child.path.at(-1)))) scope.draft.say(child, 'dropped', unknownKey);
      }
      return undefined;
    },
  };
}

/** A list, each entry by one rule. */
export function list(items: Rule, says = ''): Rule {
  return {
    says,
    items,
    read(node, scope) {
      if (!Array.isArray(node.value)) return scope.draft.say(node, 'dropped', 'a list belongs here');
      if (node.value.length === 0) return scope.draft.say(node, 'taken', 'nothing is named');
      for (const item of childrenOf(node)) items.read(item, scope);
      return undefined;
    },
  };
}

/** Reads a value of a type. */
export type Reader<T> = (value: T, node: Foreign, scope: Scope) => void;

function ofType<T>(says: string, wanted: string, is: (value: unknown) => value is T, read: Reader<T>): Rule {
  return {
    says,
    read(node, scope) {
      if (is(node.value)) read(node.value, node, scope);
      else scope.draft.say(node, 'dropped', `${wanted} belongs here`);
    },
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value);
const isWord = (value: unknown): value is string | number => isText(value) || isNumber(value);

/** A text; of another type it is dropped, as with the rules below. */
export const text = (says: string, read: Reader<string>): Rule => ofType(says, 'a text', isText, read);
/** True or false. */
export const flag = (says: string, read: Reader<boolean>): Rule => ofType(says, 'true or false', isFlag, read);
/** A whole number. */
export const number = (says: string, read: Reader<number>): Rule => ofType(says, 'a whole number', isNumber, read);
/** A text, or a number that means the same. */
export const word = (says: string, read: (value: string, node: Foreign, scope: Scope) => void): Rule =>
  ofType(says, 'a text', isWord, (value, node, scope) => read(String(value), node, scope));

/** Any value, read by itself. */
export const custom = (says: string, read: (node: Foreign, scope: Scope) => void): Rule => ({ says, read });

/** Puts a value at a field of the object at hand. */
export function into(...field: readonly string[]): Reader<unknown> {
  return (value, node, { draft, at }) => draft.put([...at, ...field], value, node);
}

/** Puts a value at a field of the spec, wherever it is read. */
export function top(...field: readonly string[]): Reader<unknown> {
  return (value, node, { draft }) => draft.put(field, value, node);
}

/** Says that a value was changed. */
export const changed = (note: string): Told => ({ fate: 'changed', note });
