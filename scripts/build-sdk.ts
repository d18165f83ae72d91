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

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildSdk(process.argv[2]);
