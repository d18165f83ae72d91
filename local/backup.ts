import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { z } from 'zod';
import { EngineError } from '../core/errors.ts';
import { lockInstance } from './instance-lock.ts';
import { sha256OfFile } from './s3/sealed-files.ts';

const run = promisify(execFile);

/** What a folder has only while its engine runs, or makes anew when it starts. */
const transient: ReadonlySet<string> = new Set(['tasks', 'agent', 'engine.json', 'engine.log']);

/** The databases of a folder. What waits in their logs is written into them before they are copied. */
const databases = ['table.db', 'bus.db', 'flow.db', 'objects/index.sqlite'];

/** Where a backup has its list, which is written last: a folder without it is no backup. */
const listName = 'backup.json';
const stateName = 'state';

const listSchema = z.strictObject({
  format: z.literal(1),
  madeAt: z.iso.datetime(),
  files: z.array(
    z.strictObject({
      path: z.string().regex(/^(?!\/)(?!.*(^|\/)\.\.?(\/|$)).+$/),
      size: z.number().int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
type BackupList = z.infer<typeof listSchema>;

/** What was copied. */
export interface Copied {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Copies all state of an engine's folder into a new folder, with the SHA-256 of each file. The engine must have ended:
 * then its databases and objects are of one moment. Whoever has the copy can open the tenants' secrets and sign in the
 * installation's name: it is for its owner alone (mode 0700).
 * @throws EngineError backup.engine_runs; configuration.invalid where the folder is none of an engine, or `to` exists
 */
export async function backUp(directory: string, to: string, now: Date): Promise<Copied> {
  if (!existsSync(join(directory, 'table.db'))) {
    throw new EngineError('configuration.invalid', `${directory} is no folder of an engine: it holds no table.db.`);
  }
  await needNew(to);
  const lock = await lockInstance(directory).catch((error: unknown) => {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError('backup.engine_runs', `An engine runs in ${directory}.`, { cause: error });
  });
  try {
    for (const name of databases) settleDatabase(join(directory, name));
    mkdirSync(to, { mode: 0o700 });
    const state = join(to, stateName);
    mkdirSync(state, { mode: 0o700 });
    const names = (await readdir(directory)).filter((name) => !transient.has(name));
    await copy(
      names.map((name) => join(directory, name)),
      state,
    );
    const files: BackupList['files'] = [];
    for (const path of await filesBelow(state)) {
      const file = join(state, path);
      files.push({ path, size: (await lstat(file)).size, sha256: await sha256OfFile(file) });
    }
    const list: BackupList = { format: 1, madeAt: now.toISOString(), files };
    await writeFile(join(to, `${listName}.part`), `${JSON.stringify(list)}\n`, { mode: 0o600, flush: true });
    await rename(join(to, `${listName}.part`), join(to, listName));
    return copied(to, files);
  } finally {
    await lock.release();
  }
}

/**
 * Makes an engine's folder of a backup. Every file is compared with the list first, and the folder is there whole or not
 * at all.
 * @throws EngineError backup.damaged, which names the file; configuration.invalid where `directory` exists
 */
export async function restore(from: string, directory: string): Promise<Copied> {
  await needNew(directory);
  const { files } = await readList(from);
  const part = `${directory}.restoring`;
  await needNew(part);
  await mkdir(part, { mode: 0o700 });
  try {
    const state = join(from, stateName);
    const known = new Set(files.map(({ path }) => path));
    const unknown = (await filesBelow(state)).find((path) => !known.has(path));
    if (unknown !== undefined) throw new EngineError('backup.damaged', `${unknown} does not belong to the backup.`);
    await copy(
      (await readdir(state)).map((name) => join(state, name)),
      part,
    );
    // What was copied is what counts: the backup's disk may fail while it is read.
    for (const { path, size, sha256 } of files) {
      const file = join(part, path);
      const stat = await lstat(file).catch(() => undefined);
      if (!stat?.isFile() || stat.size !== size || (await sha256OfFile(file)) !== sha256) {
        throw new EngineError('backup.damaged', `${path} is missing from the backup, or has other bytes.`);
      }
    }
    await rename(part, directory);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  }
  return copied(directory, files);
}

/** @throws EngineError configuration.invalid where the path exists */
async function needNew(path: string): Promise<void> {
  if ((await lstat(path).catch(() => undefined)) === undefined) return;
  throw new EngineError('configuration.invalid', `${path} exists already: name a new folder.`);
}

async function readList(from: string): Promise<BackupList> {
  let text: string;
  try {
    text = await readFile(join(from, listName), 'utf8');
  } catch (error) {
    throw new EngineError('backup.damaged', `${from} holds no ${listName}.`, { cause: error });
  }
  try {
    return listSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new EngineError('backup.damaged', `${listName} cannot be read.`, { cause: error });
  }
}

/** Writes what a database's log holds into the database, and forgets the log. */
function settleDatabase(file: string): void {
  if (!existsSync(file)) return;
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
}

/** Copies files and folders with their modes and times, which seal objects, and leaves holes of disk images holes. */
async function copy(sources: readonly string[], to: string): Promise<void> {
  await run('cp', ['--archive', '--reflink=auto', '--sparse=auto', `--target-directory=${to}`, '--', ...sources]);
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

const copied = (folder: string, files: BackupList['files']): Copied => ({
  folder,
  files: files.length,
  bytes: files.reduce((sum, { size }) => sum + size, 0),
});
