import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const sdk = path.join(root, 'sdk');

/**
 * Builds the package @linuxbuilder/sdk into sdk/dist: `index.js` for Node and `browser.js` for browsers, each with all
 * that it needs, and the types that `index.d.ts` leads to.
 */
export async function buildSdk(dist = path.join(sdk, 'dist')): Promise<void> {
  await rm(dist, { recursive: true, force: true });
  const common = {
    entryPoints: [path.join(sdk, 'index.ts')],
    ...{ bundle: true, format: 'esm' as const, target: 'es2022', treeShaking: true },
    logLevel: 'warning' as const,
  };
  await build({ ...common, platform: 'node', outfile: path.join(dist, 'index.js') });
  await build({ ...common, platform: 'browser', conditions: ['browser'], outfile: path.join(dist, 'browser.js') });
  await copyFile(path.join(root, 'LICENSE'), path.join(dist, 'LICENSE'));
  // Its licence asks for this where its code goes along, as it does in the bundle for browsers.
  const notice = path.join(root, 'node_modules/@noble/hashes/LICENSE');
  await copyFile(notice, path.join(dist, 'LICENSE.noble-hashes'));
  emitTypes(dist);
  await keepReachable(dist);
  await leaveOutErrors(path.join(dist, 'generated/types.gen.d.ts'));
}

/** @throws Error where a type is wrong */
function emitTypes(dist: string): void {
  const file = path.join(sdk, 'tsconfig.json');
  const { config } = ts.readConfigFile(file, ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, sdk, undefined, file);
  const program = ts.createProgram(fileNames, { ...options, outDir: dist });
  const { diagnostics } = program.emit();
  const found = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (found.length === 0) return;
  throw new Error(
    ts.formatDiagnostics(found, {
      ...ts.sys,
      getCanonicalFileName: (name) => name,
      getNewLine: () => '\n',
      getCurrentDirectory: () => sdk,
    }),
  );
}

/** Relative imports in declarations name sources; a reader has declarations beside bundles. */
const imported = /(from '|import\(['"])(\.{1,2}\/[^'"]+)\.ts(['"])/g;

/** Removes the types that no public type needs, such as those of the generated client. */
async function keepReachable(dist: string): Promise<void> {
  const seen = new Set<string>();
  const queue = [path.join(dist, 'index.d.ts')];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = await readFile(file, 'utf8');
    for (const [, , place = ''] of text.matchAll(imported))
      queue.push(path.resolve(path.dirname(file), `${place}.d.ts`));
    await writeFile(file, text.replace(imported, '$1$2.js$3'));
  }
  for (const name of await readdir(dist, { recursive: true })) {
    const file = path.join(dist, name);
    if (name.endsWith('.d.ts') && !seen.has(file)) await rm(file);
  }
}

/**
 * Removes the types of the answers with which each operation refuses: near half of all types, and of no use, since calls
 * throw ApiProblem. The generated client, which alone names them, is not among the declarations.
 */
async function leaveOutErrors(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022);
  const kept = source.statements.filter(
    (statement) => !(ts.isTypeAliasDeclaration(statement) && isOfErrors(statement, source)),
  );
  await writeFile(
    file,
    kept
      .map((statement) => statement.getFullText(source))
      .join('')
      .trimStart(),
  );
}

/** `XErrors`, by status, and `XError = XErrors[keyof XErrors]`: no type of the API itself is of this form. */
function isOfErrors({ name, type }: ts.TypeAliasDeclaration, source: ts.SourceFile): boolean {
  if (ts.isIndexedAccessTypeNode(type)) {
    return name.text.endsWith('Error') && type.objectType.getText(source) === `${name.text}s`;
  }
  return (
    name.text.endsWith('Errors') &&
    ts.isTypeLiteralNode(type) &&
    type.members.every((member) => member.name !== undefined && /^[45]\d\d$/.test(member.name.getText(source)))
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildSdk(process.argv[2]);
