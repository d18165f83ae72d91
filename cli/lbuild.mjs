#!/usr/bin/env node
// The CLI runs on Node 24, which npm installs beside it: a system's older Node only hands over to that one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const wantedMajor = 24;

if (Number(process.versions.node.split('.')[0]) >= wantedMajor) {
  // Reading and compiling the modules is most of a command's start.
  const { compileCacheFolder } = await import('./compile-cache.ts');
  const folder = compileCacheFolder(process.env, process.getuid?.());
  if (folder !== undefined) module.enableCompileCache(folder);
  await import('./main.ts');
} else {
  const bundled = fileURLToPath(
    new URL(`../node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url),
  );
  if (!existsSync(bundled)) {
    console.error(`lbuild: this is Node ${process.versions.node}, and Node ${wantedMajor} is not at ${bundled}`);
    console.error(
      `  Run "npm ci" in the project without --omit=optional, or call lbuild with Node ${wantedMajor} or later.`,
    );
    process.exit(2);
  }
  const child = spawn(bundled, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal's Ctrl-C reaches the child by itself; what is sent to this process alone is passed on.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
  });
}
