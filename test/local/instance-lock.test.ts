import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockInstance } from '../../local/instance-lock.ts';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lbuild-lock-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const refused = { code: 'configuration.invalid', detail: expect.stringContaining('running in') };

/** A process of its own that holds the folder's lock. */
async function holder(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'lock-holder.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  if (child.stdout === null) throw new Error('the holder has no output');
  const [said] = await once(child.stdout, 'data');
  expect(String(said)).toBe('locked\n');
  return child;
}

describe('lockInstance', () => {
  it('refuses a second engine in the folder, also by another name of the folder', async () => {
    const lock = await lockInstance(folder);
    await expect(lockInstance(folder)).rejects.toMatchObject(refused);
    symlinkSync(folder, `${folder}-link`);
    try {
      await expect(lockInstance(`${folder}-link`)).rejects.toMatchObject(refused);
      await expect(lockInstance(`${folder}/../${folder.split('/').at(-1)}/`)).rejects.toMatchObject(refused);
    } finally {
      rmSync(`${folder}-link`);
      await lock.release();
    }
  });

  it('lets another folder be', async () => {
    const lock = await lockInstance(folder);
    mkdirSync(join(folder, 'other'));
    const other = await lockInstance(join(folder, 'other'));
    await other.release();
    await lock.release();
  });

  it('is free again after its release, and leaves nothing in the folder', async () => {
    await (await lockInstance(folder)).release();
    await (await lockInstance(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('holds between processes, and is free as soon as its holder is killed by SIGKILL', async () => {
    const child = await holder();
    await expect(lockInstance(folder)).rejects.toMatchObject(refused);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await lockInstance(folder);
    await lock.release();
  });
});
