import path from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { looselyTyped, unchecked } from '../../scripts/generate-sdk.ts';

const root = path.join(import.meta.dirname, '../..');
const folder = path.join(root, 'sdk/generated');

/** The generated files with errors when the note that keeps the compiler from them is taken away. */
function filesWithErrors(changes: ts.CompilerOptions): string[] {
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost({ ...options, ...changes });
  const plain: ts.CompilerHost = {
    ...host,
    getSourceFile: (file, languageVersion) => {
      const text = host.readFile(file);
      return text === undefined ? undefined : ts.createSourceFile(file, text.replace(unchecked, ''), languageVersion);
    },
  };
  const files = ts.sys.readDirectory(folder, ['.ts']);
  expect(files.length).toBeGreaterThan(10);
  const program = ts.createProgram(files, { ...options, ...changes }, plain);
  const found = ts.getPreEmitDiagnostics(program).map(({ file }) => path.relative(folder, file?.fileName ?? '?'));
  return [...new Set(found)].sort();
}

it('the generated client is well typed, but for optional members that are given as undefined', () => {
  const loose = {
    exactOptionalPropertyTypes: false,
    lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  };
  expect(filesWithErrors(loose)).toEqual([]);
});

it('the files whose types are not checked are those that cannot be, and no others', () => {
  expect(filesWithErrors({})).toEqual([...looselyTyped].sort());
});
