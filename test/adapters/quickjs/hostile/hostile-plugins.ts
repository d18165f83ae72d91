import { readers, results, silent, talking, throwing } from './answers.ts';
import type { HostilePlugin } from './hostile-plugin.ts';
import { greed } from './memory.ts';
import { escapes, spoiling, waiting } from './realm.ts';
import { expressions, loops, nesting, recursion } from './time.ts';

/** All but those that ask addresses (../plugin-fetch.test.ts). */
export const hostilePlugins: readonly HostilePlugin[] = [
  ...loops,
  ...expressions,
  ...recursion,
  ...nesting,
  ...greed,
  ...escapes,
  ...spoiling,
  ...waiting,
  ...results,
  ...readers,
  ...throwing,
  ...talking,
  ...silent,
];

/** Those that must be ended at the real limits, one of a kind. */
export const costliest: readonly string[] = [
  'an endless for',
  'a search in an array without an end',
  'a turned array without an end',
  'a pattern that tries everything',
  'a list that grows',
  'texts that are kept',
  'a map that grows',
  'names of members',
  'promises that are kept',
  'typed arrays that are kept',
  'a storm of promises',
];
