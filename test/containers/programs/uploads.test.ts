import { lstat, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openUploadedFiles } from '../../../containers/builder/agent/uploaded-files.ts';
import { files } from '../../../containers/builder/programs/files.ts';
import { sha256 } from '../../../core/digest.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { plant, smallTree } from './small-tree.ts';

const root = { mode: '0644', owner: 'root', group: 'root' };
/** No whole number of the pieces that are in memory at one time. */
const bytes = Buffer.from(Array.from({ length: 3_500_001 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
const upload = sha256(bytes);

describe('files that are uploads', () => {
  it('have the bytes of their digest, wherever and as whatever they are put', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, 'srv/old': 'old' });
      await symlink('/srv/old', join(folder.tree, 'srv/link'));
      const given = join(folder.scratch, 'given');
      await writeFile(given, bytes);
      const wanted = [
        { path: '/srv/model.bin', ...root, mode: '4750', owner: 'www-data', group: '42', upload },
        { path: '/srv/link', ...root, upload },
        { path: '/srv/text', ...root, content: 'text' },
      ];
      const outcome = await runProgram(files, { files: wanted }, { ...folder, uploads: { [upload]: given } });
      expect(outcome.facts).toEqual({ files: '3' });
      for (const name of ['model.bin', 'link']) {
        expect(sha256(await readFile(join(folder.tree, 'srv', name)))).toBe(upload);
      }
      const { mode, uid, gid } = await lstat(join(folder.tree, 'srv/model.bin'));
      expect([mode & 0o7777, uid, gid]).toEqual([0o4750, 33, 42]);
      expect((await lstat(join(folder.tree, 'srv/link'))).isFile()).toBe(true);
      expect(await readFile(join(folder.tree, 'srv/old'), 'utf8')).toBe('old');
    }));

  it.each([
    ['others', Buffer.concat([bytes.subarray(1), bytes.subarray(0, 1)])],
    ['fewer', bytes.subarray(0, -1)],
    ['more', Buffer.concat([bytes, Buffer.from([0])])],
    ['none', Buffer.alloc(0)],
  ])('are refused where the store gave %s bytes, and nothing is left of them', (_, wrong) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, 'srv/model.bin': 'before' });
      const given = join(folder.scratch, 'given');
      await writeFile(given, wrong);
      const run = runProgram(
        files,
        { files: [{ path: '/srv/model.bin', ...root, upload }] },
        { ...folder, uploads: { [upload]: given } },
      );
      await expect(run).rejects.toMatchObject({ code: 'layer.damaged', message: expect.stringContaining(upload) });
      expect(await readdir(join(folder.tree, 'srv'))).toEqual(['model.bin']);
      expect(await readFile(join(folder.tree, 'srv/model.bin'), 'utf8')).toBe('before');
    }),
  );

  it('end with their step, whether they are awaited or written', () =>
    withBenchFolder(async ({ scratch }) => {
      const given = join(scratch, 'given');
      await writeFile(given, bytes);
      const target = await open(join(scratch, 'target'), 'w');
      try {
        const step = new AbortController();
        const never = openUploadedFiles(() => new Promise(() => undefined), [upload], step.signal);
        const waiting = never.write(upload, target);
        step.abort(new Error('step.timeout'));
        await expect(waiting).rejects.toThrow('step.timeout');
        const there = openUploadedFiles(() => Promise.resolve(given), [upload], step.signal);
        await expect(there.write(upload, target)).rejects.toThrow('step.timeout');
        expect((await target.stat()).size).toBe(0);
      } finally {
        await target.close();
      }
    }));

  it('are read only where the options of the step name them', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const wanted = { files: [{ path: '/srv/x', ...root, upload }] };
      const other = { ...folder, uploads: { [sha256('other')]: join(folder.scratch, 'given') } };
      await expect(runProgram(files, wanted, other)).rejects.toThrow(`does not read the upload ${upload}`);
      expect(files.declaration.readsUploads?.(wanted)).toEqual([upload]);
      expect(files.declaration.readsUploads?.({ files: [{ path: '/srv/x', ...root, content: '' }] })).toEqual([]);
    }));
});
