#!/usr/bin/env node
// First part of the quickstart: runs on the system's Node, with nothing installed yet.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureNodeModules, nodeOf } from './setup/node-modules.mjs';
import { isRoot } from './setup/system.mjs';
import { enginePackages, ensureSystemPackages } from './setup/system-packages.mjs';

const began = Date.now();
const project = dirname(dirname(fileURLToPath(import.meta.url)));
ensureSystemPackages(enginePackages);
ensureNodeModules(project);

// The engine needs root for chroot and namespaces; the rest of the way is one process.
const node = nodeOf(project);
const script = [join(project, 'scripts/quickstart/run.ts'), '--began', String(began), ...process.argv.slice(2)];
const [command, args] = isRoot() ? [node, script] : ['sudo', ['--preserve-env=LBUILD_CACHE', node, ...script]];
const child = spawn(command, args, { stdio: 'inherit', cwd: project });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 130));
