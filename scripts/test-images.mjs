#!/usr/bin/env node
// `npm run test:images`: the longer run over images. As `npm test`, but for what it hands over to.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const argv = [join(project, 'scripts/test.mjs'), '--images', ...process.argv.slice(2)];
process.exit(spawnSync(process.execPath, argv, { stdio: 'inherit', cwd: project }).status ?? 1);
