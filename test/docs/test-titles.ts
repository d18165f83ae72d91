import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/**
 * Titles of the tests of a file, as its source has them: of `it`, `test` and `describe`, also with `each`. Those that are
 * skipped or still to be written are none.
 */
export function testTitles(root: string, file: string): string[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022);
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [title] = node.arguments;
      if (title !== undefined && ts.isStringLiteralLike(title) && isTest(node.expression)) titles.push(title.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

/** `it`, or `it.each(rows)`, and the like. */
function isTest(called: ts.Expression): boolean {
  if (ts.isIdentifier(called)) return ['it', 'test', 'describe'].includes(called.text);
  if (ts.isCallExpression(called)) return isTest(called.expression);
  return ts.isPropertyAccessExpression(called) && ['each', 'for', 'concurrent'].includes(called.name.text)
    ? isTest(called.expression)
    : false;
}
