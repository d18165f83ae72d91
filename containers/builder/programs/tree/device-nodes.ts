import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramContext } from '../../contract.ts';

/** Device nodes of a new system, as mmdebstrap makes them (its list `linuxdevfiles`): major and minor number. */
const characterDevices = {
  console: [5, 1],
  full: [1, 7],
  null: [1, 3],
  ptmx: [5, 2],
  random: [1, 8],
  tty: [5, 0],
  urandom: [1, 9],
  zero: [1, 5],
} as const;
const links = { fd: '', stdin: '/0', stdout: '/1', stderr: '/2' } as const;

/**
 * Fills /dev of an empty tree. What makes the rest of the tree may not make device nodes: it may be a tenant's code.
 */
export async function makeDeviceNodes({ tree, exec }: Pick<ProgramContext<unknown>, 'tree' | 'exec'>): Promise<void> {
  const folder = join(tree, 'dev');
  await mkdir(folder);
  for (const [name, numbers] of Object.entries(characterDevices)) {
    const [major, minor] = numbers;
    await exec(['mknod', '--mode=666', join(folder, name), 'c', String(major), String(minor)], { makesDevices: true });
  }
  for (const [name, end] of Object.entries(links)) await symlink(`/proc/self/fd${end}`, join(folder, name));
  for (const name of ['pts', 'shm']) await mkdir(join(folder, name));
  for (const name of ['', 'pts', 'shm']) await chmod(join(folder, name), 0o755);
}
