import { execFileSync } from 'node:child_process';
import { closeSync, lstatSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const tableSchema = z.object({
  partitiontable: z.object({
    label: z.string(),
    id: z.string(),
    unit: z.string(),
    sectorsize: z.number(),
    partitions: z.array(
      z.object({ start: z.number(), size: z.number(), type: z.string(), uuid: z.string(), name: z.string() }),
    ),
  }),
});
export type SeenTable = z.infer<typeof tableSchema>['partitiontable'];

/** The partition table of a disk image, as sfdisk reads it. */
export function readTable(disk: string): SeenTable {
  return tableSchema.parse(JSON.parse(execFileSync('sfdisk', ['--json', disk], { encoding: 'utf8' }))).partitiontable;
}

/** What sfdisk finds wrong with both copies of a table; its answer says so in words. */
export function verifyTable(disk: string): string {
  return execFileSync('sfdisk', ['--verify', disk], { encoding: 'utf8' });
}

/** Bytes of a file from an offset on. */
export function bytesAt(file: string, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, bytes, 0, size, offset);
  closeSync(descriptor);
  return bytes;
}

/** The ext4 file system at an offset of a disk image, looked into and changed by e2fsprogs, without a mount. */
export function ext4At(disk: string, offset: number) {
  const device = `${disk}?offset=${offset}`;
  const debugfs = (request: string, ...options: string[]) =>
    execFileSync('debugfs', [...options, '-R', request, device], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  return {
    debugfs,
    /** Throws where e2fsck finds anything to mend. */
    check: () => execFileSync('e2fsck', ['-fn', device], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    read: (path: string) => debugfs(`cat ${path}`),
    /** Copies the whole tree into an empty folder, with owners, modes, links and times, without extended attributes. */
    copyTo: (folder: string) => debugfs(`rdump / ${folder}`),
    /** All of an inode, in words. */
    stat: (path: string) => debugfs(`stat ${path}`),
    /** Mode, owner, group and time of change of each path, in one line as `factsOf` says it of a folder's. */
    facts: (paths: readonly string[]) => {
      const script = paths.map((path) => `stat "/${path}"`).join('\n');
      const text = execFileSync('debugfs', ['-f', '-', device], {
        input: `${script}\n`,
        encoding: 'utf8',
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      return text
        .split(/^debugfs: stat .*$/m)
        .slice(1)
        .map((block) => {
          const mode = /Mode: {2}(\d+)/.exec(block)?.[1];
          const owner = /User: +(\d+) +Group: +(\d+)/.exec(block);
          const time = /mtime: 0x([0-9a-f]+)/.exec(block)?.[1];
          return `${Number.parseInt(mode ?? '', 8).toString(8)} ${owner?.[1]} ${owner?.[2]} ${Number.parseInt(time ?? '', 16)}`;
        });
    },
    attribute: (path: string, name: string) => {
      const folder = mkdtempSync(join(tmpdir(), 'lbuild-attribute-'));
      try {
        debugfs(`ea_get -f ${join(folder, 'value')} ${path} ${name}`);
        return readFileSync(join(folder, 'value')).toString('hex');
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    /** Gives a file one more name; its count of links stays as it was. */
    link: (path: string, name: string) => debugfs(`ln ${path} ${name}`, '-w'),
  };
}

/** What `ext4At().facts` says, of paths below a folder. */
export function factsOf(folder: string, paths: readonly string[]): string[] {
  return paths.map((path) => {
    const { mode, uid, gid, mtimeMs } = lstatSync(join(folder, path));
    return `${(mode & 0o7777).toString(8)} ${uid} ${gid} ${Math.floor(mtimeMs / 1_000)}`;
  });
}

/** A part of a disk image as a file of its own. */
export function extractPart(disk: string, offset: number, size: number, file: string): void {
  writeFileSync(file, bytesAt(disk, offset, size));
}
