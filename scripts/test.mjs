#!/usr/bin/env node
// First part of `npm test`: runs on the system's Node, sets up what the tests need, and hands over to Node 24.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureNodeModules, nodeOf } from './setup/node-modules.mjs';
import { asRoot } from './setup/system.mjs';
import { enginePackages, ensureSystemPackages, testPackages } from './setup/system-packages.mjs';

const project = dirname(dirname(fileURLToPath(import.meta.url)));
ensureSystemPackages([...enginePackages, ...testPackages]);
ensureNodeModules(project);
const script = join(project, 'scripts/test/run.ts');
// Builders, mounts and containers need root.
const [command, ...args] = asRoot([nodeOf(project), script, ...process.argv.slice(2)]);
const result = spawnSync(command, args, { stdio: 'inherit', cwd: project });
process.exit(result.status ?? 1);
