import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { bundledModules } from './bundled-modules.ts';
import { plainTemplate } from './gitlab-template.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
export const bundleFile = 'integrations/github-action/dist/index.mjs';
export const templateFile = 'integrations/gitlab-component/lbuild.gitlab-ci.yml';

/** The Action asks no identity token of GitHub: the client for that, most of the bundle, is left out. */
const noTokens: Plugin = {
  name: 'no-tokens',
  setup(bundle) {
    bundle.onResolve({ filter: /^@actions\/http-client/ }, ({ path: name }) => ({
      path: name,
      namespace: 'no-tokens',
    }));
    bundle.onLoad({ filter: /.*/, namespace: 'no-tokens' }, () => ({
      contents: 'export class HttpClient {} export class BearerCredentialHandler {}',
    }));
  },
};

/** The bundle that GitHub runs: it is committed, since GitHub installs nothing. */
export async function actionBundle(): Promise<string> {
  const { outputFiles } = await build({
    ...{ entryPoints: ['integrations/github-action/src/main.ts'], absWorkingDir: root, write: false },
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node24', charset: 'utf8', logLevel: 'warning' },
    ...{ minifyWhitespace: true, minifySyntax: true, legalComments: 'none' },
    ...bundledModules(root, [noTokens]),
  });
  return outputFiles.map(({ text }) => text).join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const check = process.argv.includes('--check');
  for (const [file, text] of [
    [bundleFile, await actionBundle()],
    [templateFile, plainTemplate()],
  ] as const) {
    const there = await readFile(path.join(root, file), 'utf8').catch(() => '');
    if (there === text) continue;
    console.log(`${check ? 'stale' : 'written'}: ${file}`);
    if (check) process.exitCode = 1;
    else await writeFile(path.join(root, file), text);
  }
}
