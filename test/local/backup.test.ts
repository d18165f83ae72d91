import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { appendFile, mkdir, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { backUp, restore } from '../../local/backup.ts';
import { lockInstance } from '../../local/instance-lock.ts';
import { openObjects } from '../../local/object-store.ts';
import { openSecrets, openSigningKey, openVaultKey } from '../../local/secrets.ts';

const base = mkdtempSync(join(tmpdir(), 'lbuild-backup-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const at = (...names: string[]) => join(base, ...names);
const clock = createSystemClock();
const key = { partition: 'BUILD#bld_1', sort: 'BUILD' };
const place = { bucket: 'artifacts', path: 'artifacts/bld_1/edge.iso' } as const;
const bytes = Buffer.from('an image'.repeat(10_000));

/** A folder as an engine leaves it: a table, objects, keys, and what belongs to no backup. */
async function leaveFolder(directory: string): Promise<void> {
  const table = openSqliteTable({ file: join(directory, 'table.db'), clock });
  const objects = await openObjects({ directory: join(directory, 'objects'), secrets: openSecrets(directory), clock });
  await table.transact([{ kind: 'put', key, data: { name: 'edge' } }]);
  await objects.blobs.put(place, bytes, { contentType: 'application/octet-stream' });
  openSigningKey(directory);
  openVaultKey(directory);
  await objects.close();
  table.close();
  await writeFile(join(directory, 'engine.log'), 'lines\n');
}

/** What an engine of the folder would find. */
async function found(directory: string) {
  const table = openSqliteTable({ file: join(directory, 'table.db'), clock });
  const objects = await openObjects({ directory: join(directory, 'objects'), secrets: openSecrets(directory), clock });
  const record = await table.get(key);
  const object = await objects.blobs.get(place);
  await objects.close();
  table.close();
  return { record: record?.data, object: object === undefined ? undefined : Buffer.from(object) };
}

const filesOf = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

describe('a backup', () => {
  beforeAll(async () => {
    await mkdir(at('engine'));
    await leaveFolder(at('engine'));
  });

  it('is a copy for its owner alone, out of which the engine comes back with keys, records and objects', async () => {
    const made = await backUp(at('engine'), at('copy'), clock.now());
    expect(made).toMatchObject({ folder: at('copy'), files: (await filesOf(at('copy', 'state'))).length });
    expect((await stat(at('copy'))).mode & 0o777).toBe(0o700);
    expect(await filesOf(at('copy', 'state'))).not.toContain('engine.log');
    await rm(at('engine'), { recursive: true });

    expect(await restore(at('copy'), at('again'))).toMatchObject({ files: made.files, bytes: made.bytes });
    expect(await found(at('again'))).toEqual({ record: { name: 'edge' }, object: bytes });
    for (const name of ['secrets.json', 'signing-key.pem', 'vault-key']) {
      expect(await readFile(at('again', name))).toEqual(await readFile(at('copy', 'state', name)));
    }
    // A body keeps the time that seals it: its bytes need not be read again.
    const bodies = await filesOf(at('again', 'objects', 'bodies'));
    expect((await stat(at('again', 'objects', 'bodies', bodies[0] ?? ''))).mtimeMs).toBe(0);
  });

  it('is refused of a folder whose engine runs, of one that is none, and into one that is there', async () => {
    const lock = await lockInstance(at('again'));
    const refused = { code: 'configuration.invalid' };
    await expect(backUp(at('again'), at('second'), clock.now())).rejects.toMatchObject({ code: 'backup.engine_runs' });
    await lock.release();
    expect(existsSync(at('second'))).toBe(false);
    await expect(backUp(at('copy'), at('second'), clock.now())).rejects.toMatchObject(refused);
    await expect(backUp(at('again'), at('copy'), clock.now())).rejects.toMatchObject(refused);
    await expect(restore(at('copy'), at('again'))).rejects.toMatchObject(refused);
  });

  it('of which a bit is another is refused by the file’s name, whichever it is, and nothing is restored', async () => {
    for (const path of await filesOf(at('copy', 'state'))) {
      const file = at('copy', 'state', path);
      const { size, atime, mtime } = await stat(file);
      if (size === 0) continue;
      const flip = async () => {
        const handle = await open(file, 'r+');
        const byte = Buffer.alloc(1);
        await handle.read(byte, 0, 1, Math.floor(size / 2));
        byte.writeUInt8(byte.readUInt8(0) ^ 1);
        await handle.write(byte, 0, 1, Math.floor(size / 2));
        await handle.close();
        await utimes(file, atime, mtime);
      };
      await flip();
      const failure = await restore(at('copy'), at('broken')).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'backup.damaged' });
      expect(String(failure)).toContain(path);
      expect([existsSync(at('broken')), existsSync(at('broken.restoring'))]).toEqual([false, false]);
      await flip();
    }
    await restore(at('copy'), at('whole'));
  });

  it('is no backup without its list, or with a file more', async () => {
    await expect(restore(at('whole'), at('broken'))).rejects.toMatchObject({ code: 'backup.damaged' });
    await appendFile(at('copy', 'state', 'more'), 'x');
    await expect(restore(at('copy'), at('broken'))).rejects.toThrow('more does not belong to the backup');
  });
});
