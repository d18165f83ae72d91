import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

export interface BundledSandbox {
  readonly sandboxFile: string;
  remove(): void;
}

/**
 * Bundles the code of a sandbox's process into one file, as a function's code is bundled: no types are left to be stripped
 * in each process, which takes as long as all the rest of starting one.
 */
export function bundleSandbox(): BundledSandbox {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-sandbox-'));
  const sandboxFile = join(folder, 'sandbox-process.mjs');
  const entry = fileURLToPath(new URL('../../../adapters/quickjs/sandbox-process.ts', import.meta.url));
  const given = { bundle: true, format: 'esm', platform: 'node', target: 'node24', minify: true } as const;
  buildSync({ ...given, entryPoints: [entry], outfile: sandboxFile, logLevel: 'error' });
  return { sandboxFile, remove: () => rmSync(folder, { recursive: true }) };
}
