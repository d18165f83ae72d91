#!/usr/bin/env node
// `npm run builder-root`: makes the builder root, where it is not there yet, and prints its folder.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureNodeModules, nodeOf } from './setup/node-modules.mjs';
import { asRoot, run } from './setup/system.mjs';
import { enginePackages, ensureSystemPackages } from './setup/system-packages.mjs';

const project = dirname(dirname(fileURLToPath(import.meta.url)));
ensureSystemPackages(enginePackages);
ensureNodeModules(project);
run(asRoot([nodeOf(project), join(project, 'scripts/make-builder-root.ts'), ...process.argv.slice(2)]), {
  cwd: project,
});
