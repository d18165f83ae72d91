import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { bootstrapFirstKey, firstOperator } from '../core/access/first-key.ts';
import { createApiKey } from '../core/access/key-repository.ts';
import { EngineError } from '../core/errors.ts';
import { findArchives } from './archive-sources.ts';
import { backUp, restore } from './backup.ts';
import { commandOptions } from './command-options.ts';
import { readConfiguration } from './configuration.ts';
import { type Engine, startEngine } from './engine.ts';
import { createLog } from './log.ts';

/**
 * The engine as a process: `node local/main.ts serve [--dir DIR] [--port N] [--archive URL] …`. Once it serves, its
 * folder holds `engine.json` (pid, address) and `credentials.json` (address, key of the owner; for its owner only).
 * SIGTERM and SIGINT end it in order. `backup --dir DIR --to FOLDER` and `restore --from FOLDER --dir DIR` copy the folder of
 * an engine that has ended, and print what they copied.
 */
async function serve(options: Record<string, string | undefined>): Promise<void> {
  const archives = options.archive === undefined && process.env.LBUILD_ARCHIVE === undefined ? findArchives() : {};
  const configuration = readConfiguration(
    { archive: archives.debian, 'archive-security': archives.debianSecurity, ...definedOnly(options) },
    process.env,
  );
  const log = createLog(
    (line) => process.stdout.write(line),
    () => new Date(),
  );
  const engine = await startEngine(configuration, log);
  const ready = join(configuration.directory, 'engine.json');
  await writeCredentials(configuration.directory, engine);
  writeWhole(ready, { pid: process.pid, url: engine.url, startedAt: new Date().toISOString() });
  log.info('serving', { url: engine.url, mode: configuration.mode, slots: configuration.slots });

  const ended = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ended.resolve(signal));
  const signal = await ended.promise;
  log.info('stopping', { signal });
  rmSync(ready, { force: true });
  await engine.close();
}

/**
 * The first key is made once; its text is kept where only its owner can read it, with the present address. Where that
 * file is gone, the owner of the folder gets another key: whoever can write the table is its operator.
 */
async function writeCredentials(directory: string, engine: Engine): Promise<void> {
  const file = join(directory, 'credentials.json');
  const { table, clock, ids } = engine.ports;
  const operator = await firstOperator(table);
  let apiKey: string;
  if (operator === undefined) {
    apiKey = (await bootstrapFirstKey(table, clock, ids, { tenantName: 'local' })).apiKey;
  } else if (existsSync(file)) {
    apiKey = credentialsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).apiKey;
  } else {
    apiKey = (await createApiKey(engine.ports, { ...operator, name: 'credentials file' })).text;
  }
  writeWhole(file, { url: engine.url, apiKey });
}

const credentialsSchema = z.looseObject({ apiKey: z.string() });

function writeWhole(file: string, content: object): void {
  writeFileSync(`${file}.part`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.part`, file);
}

function definedOnly(options: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function needed(name: string, value: string | undefined): string {
  if (value === undefined) throw new EngineError('configuration.invalid', `--${name} is missing.`);
  return value;
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: commandOptions });
try {
  const { to, from, ...options } = values;
  switch (positionals.join(' ')) {
    case 'serve':
      await serve(options);
      break;
    case 'backup':
      process.stdout.write(
        `${JSON.stringify(await backUp(needed('dir', options.dir), needed('to', to), new Date()))}\n`,
      );
      break;
    case 'restore':
      process.stdout.write(`${JSON.stringify(await restore(needed('from', from), needed('dir', options.dir)))}\n`);
      break;
    default:
      throw new EngineError('configuration.invalid', 'The verbs are `serve`, `backup` and `restore`.');
  }
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  const fields = error.fields.map((field) => `  ${field.path}: ${field.reason}. ${field.remedy}`);
  process.stderr.write([`${error.code}: ${error.detail}`, ...fields, error.remedy, ''].join('\n'));
  process.exitCode = 2;
}
