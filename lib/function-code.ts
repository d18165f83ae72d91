import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { AssetCode, type Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';
import { eventFunctions, orchestrationFunctions, pluginFunction } from '../core/wiring/flow-functions.ts';
import { operationGroups } from '../core/wiring/operation-groups.ts';

/** Where the code of a sandbox and its engine lie in the asset. */
export const sandboxFolder = 'sandbox';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** The files that bind functions to Lambda, from the repository's root. */
export const functionEntries: readonly string[] = [
  ...operationGroups,
  ...Object.values(orchestrationFunctions),
  ...Object.values(eventFunctions),
].map(({ entry }) => entry);

/**
 * Bundles every function in one pass: what they share is in chunks of its own and is built, stored and uploaded once.
 * @param outdir Folder that receives <entry>.mjs and the chunks.
 */
export function bundleFunctions(outdir: string): void {
  buildSync({
    absWorkingDir: repository,
    entryPoints: [...functionEntries, pluginFunction.entry],
    outdir,
    outbase: repository,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    mainFields: ['module', 'main'],
    // The tracer's dependencies are CommonJS and call require for what Node itself has.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  // Beside each other in a folder of their own: the sandbox's process may read all that is there.
  const sandbox = join(outdir, sandboxFolder);
  buildSync({
    ...{ absWorkingDir: repository, entryPoints: ['adapters/quickjs/sandbox-process.ts'] },
    ...{ outfile: join(sandbox, 'sandbox-process.mjs'), bundle: true, platform: 'node', format: 'esm' },
    ...{ target: 'node24', minify: true, logLevel: 'error' },
  });
  copyFileSync(createRequire(import.meta.url).resolve('quickjs-wasi/quickjs.wasm'), join(sandbox, 'quickjs.wasm'));
}

/** The code of all functions: one asset; each names its entry by `handlerOf`. */
export function functionCode(): Code {
  return new AssetCode(`${repository}functions`, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: esbuild runs in this process. The CDK wants an image all the same.
      image: DockerImage.fromRegistry('scratch'),
      local: {
        tryBundle: (outdir) => {
          bundleFunctions(outdir);
          return true;
        },
      },
    },
  });
}

/** Lambda's handler of an entry: `functions/api/builds/lambda.handler`. */
export function handlerOf(entry: string): string {
  return entry.replace(/\.ts$/, '.handler');
}
