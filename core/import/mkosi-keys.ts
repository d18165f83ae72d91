import { childrenOf, type Foreign } from './foreign.ts';
import type { Rule, Scope } from './rules.ts';
import { readFlag } from './texts.ts';

/**
 * A key of mkosi.conf has a list of texts, one a line: an assignment, and each line that goes on with it. A text is empty
 * where an assignment is, which takes back what was said before.
 */
type LineReader = (value: string, node: Foreign, scope: Scope) => void;

const linesOf = (node: Foreign): Foreign[] => childrenOf(node);

/** A key with one value: the last assignment counts. */
export function single(says: string, read: LineReader): Rule {
  return {
    says,
    read(node, scope) {
      const lines = linesOf(node);
      const last = lines.at(-1);
      for (const line of lines.slice(0, -1)) scope.draft.say(line, 'dropped', 'a later assignment says otherwise');
      if (last === undefined || typeof last.value !== 'string')
        return scope.draft.say(node, 'dropped', 'a text belongs here');
      if (last.value === '') scope.draft.say(last, 'taken', 'an empty assignment: the default');
      else read(last.value, last, scope);
      return undefined;
    },
  };
}

/** A key with one value that is true or false. */
export function singleFlag(says: string, read: (value: boolean, node: Foreign, scope: Scope) => void): Rule {
  return single(says, (value, node, scope) => {
    const is = readFlag(value);
    if (is === undefined) scope.draft.say(node, 'dropped', 'true or false belongs here');
    else read(is, node, scope);
  });
}

/** A key with a list: assignments are joined, and an empty one takes back what was before it. */
export function many(says: string, delimiter: ',' | ' ', read: LineReader): Rule {
  return {
    says,
    read(node, scope) {
      const lines = linesOf(node);
      const emptied = lines.findLastIndex((line) => line.value === '');
      for (const [index, line] of lines.entries()) {
        if (typeof line.value !== 'string') scope.draft.say(line, 'dropped', 'a text belongs here');
        else if (index < emptied) scope.draft.say(line, 'dropped', 'a later empty assignment takes it back');
        else if (line.value === '') scope.draft.say(line, 'taken', 'nothing before it counts');
        else {
          const words = line.value.split(delimiter).map((one) => one.trim());
          for (const one of words) if (one !== '') read(one, line, scope);
          if (words.every((one) => one === '')) scope.draft.say(line, 'taken', 'nothing is named');
        }
      }
    },
  };
}
