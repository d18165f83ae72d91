import path from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';

/** Texts of errors in forty languages: the CLI shows its own. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup(bundle) {
    bundle.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

/** Of what is loaded on demand a bundle of CommonJS gives no names: modules are taken wherever there are any. */
const yamlModule = (root: string): Plugin => ({
  name: 'yaml-module',
  setup(bundle) {
    bundle.onResolve({ filter: /^yaml$/ }, () => ({
      path: path.join(root, 'node_modules/yaml/browser/dist/index.js'),
    }));
  },
});

/** `require` of packages that are bundled from CommonJS: Node's own modules are all that is left to ask for. */
const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** How packages go into a bundle of ours: as modules, without what is never used of them. */
export function bundledModules(
  root: string,
  plugins: readonly Plugin[] = [],
): Pick<BuildOptions, 'plugins' | 'mainFields' | 'banner'> {
  return {
    plugins: [englishOnly, yamlModule(root), ...plugins],
    mainFields: ['module', 'main'],
    banner: { js: banner },
  };
}
