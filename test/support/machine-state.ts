import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';

/** Paths of a folder with type, mode, owner, size and times, as one digest: equal where nothing was changed. */
export function folderState(folder: string, except: readonly string[] = []): string {
  const pruned = except.flatMap((path) => ['-not', '-path', `./${path}*`]);
  const argv = ['.', '-mindepth', '1', ...pruned, '-printf', '%P %y %m %U:%G %s %T@ %C@ %l\\n'];
  const listed = execFileSync('find', argv, { cwd: folder, maxBuffer: 256 << 20, encoding: 'latin1' });
  const lines = listed.split('\n').sort();
  return `${lines.length} ${createHash('sha256').update(lines.join('\n')).digest('hex')}`;
}

/** Major and minor number of the disk that holds the machine's root. */
export function rootDisk(): [number, number] {
  const { dev } = statSync('/', { bigint: true });
  return [Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)), Number((dev & 0xffn) | ((dev >> 12n) & ~0xffn))];
}

/** True where the kernel can keep a process from abstract Unix sockets outside: Landlock's version 6, Linux 6.12. */
export function scopesAbstractSockets(): boolean {
  const version = execFileSync('perl', ['-e', 'print syscall(444, 0, 0, 1)'], { encoding: 'utf8' });
  return Number(version) >= 6;
}
