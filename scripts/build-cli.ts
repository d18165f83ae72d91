import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { z } from 'zod';
import { bundledModules } from './bundled-modules.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = path.join(root, 'cli');

/** The part of a package's own description that its notice tells. */
const aboutSchema = z.looseObject({ name: z.string(), version: z.string(), license: z.string().optional() });

/**
 * Builds the package of the CLI, `@linuxbuilder/cli`, into a folder: JavaScript for Node 20 and later with all that it needs
 * bundled, the presets, and what the bundled packages ask to be told.
 */
export async function buildCli(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { metafile } = await build({
    ...{
      entryPoints: {
        lbuild: path.join(source, 'packed.ts'),
        'sandbox-process': path.join(root, 'adapters/quickjs/sandbox-process.ts'),
      },
      outdir: path.join(folder, 'lib'),
      absWorkingDir: root,
    },
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20', minify: true },
    ...{ metafile: true, legalComments: 'none', logLevel: 'warning' },
    chunkNames: '[name]-[hash]',
    ...bundledModules(root),
  });
  const entry = path.join(folder, 'lib', 'lbuild.js');
  await writeFile(entry, `#!/usr/bin/env node\n${await readFile(entry, 'utf8')}`);
  await chmod(entry, 0o755);
  // What `lbuild plugins test` runs plugins in.
  const engine = createRequire(import.meta.url).resolve('quickjs-wasi/quickjs.wasm');
  await cp(engine, path.join(folder, 'lib', 'quickjs.wasm'));
  await cp(path.join(root, 'presets'), path.join(folder, 'presets'), { recursive: true });
  await cp(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'));
  await cp(path.join(source, 'README.md'), path.join(folder, 'README.md'));
  await writeFile(path.join(folder, 'THIRD-PARTY-NOTICES.txt'), await noticesOf(Object.keys(metafile.inputs)));
  const {
    private: _,
    bin: __,
    ...about
  } = z.looseObject({}).parse(JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8')));
  const described = { ...about, engines: { node: '>=20' }, bin: { lbuild: 'lib/lbuild.js' } };
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(described, null, 2)}\n`);
}

/** Names, versions and licences of the packages that bundled files come from, by the texts of their licences. */
async function noticesOf(files: readonly string[]): Promise<string> {
  const packages = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  const byText = new Map<string, string[]>();
  for (const folder of [...packages].sort()) {
    const place = path.join(root, folder);
    const about = aboutSchema.parse(JSON.parse(await readFile(path.join(place, 'package.json'), 'utf8')));
    const licences = (await readdir(place)).filter((file) => /^(?:licen[cs]e|notice)(?:\.|$)/i.test(file)).sort();
    const texts = await Promise.all(licences.map((file) => readFile(path.join(place, file), 'utf8')));
    const text = texts.map((each) => each.trim()).join('\n\n');
    const line = `${about.name} ${about.version} (${about.license ?? 'see below'})`;
    byText.set(text, [...(byText.get(text) ?? []), line]);
  }
  const parts = [...byText].map(([text, names]) => `${names.join('\n')}\n\n${text}`);
  return `${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = path.join(source, 'dist');
  await buildCli(folder);
  console.log(`${path.relative(root, folder)} is built: npm pack ./${path.relative(root, folder)}`);
}
