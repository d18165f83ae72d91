import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCloneDesk } from '../docs/reader/clone-desk.ts';
import type { Desk } from '../docs/reader/desk.ts';
import { commandsToRun, runCommand } from '../docs/reader/read.ts';
import { scenesOfClone } from '../docs/reader/scenes.ts';

/** From nothing to a booted image by the README's steps, and what else the documents do in a clone. */
let desk: Desk;
beforeAll(async () => {
  desk = await openCloneDesk();
});
afterAll(() => desk?.close());

/** Runs a command that a document or program tells, until its output shows something; it is ended then. */
async function runUntil(line: string, shows: RegExp, seconds: number): Promise<string> {
  const [program = '', ...args] = line.split(/\s+/);
  const child = spawn(program, args, { cwd: desk.folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1_000);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (shows.test(said)) child.kill('SIGKILL');
    });
  }
  await once(child, 'close');
  clearTimeout(timer);
  return said;
}

describe.each(scenesOfClone)('$document', (scene) => {
  beforeAll(async () => {
    for (const [name, content] of Object.entries(scene.files ?? {})) await desk.file(name, content);
  });
  afterAll(() => scene.after?.(desk));
  it.each(commandsToRun(scene))('%s', async (command) => {
    expect(await runCommand(desk, scene, command)).toBeUndefined();
  });
});

it.each(['BIOS', 'UEFI'])('the image boots as the quickstart says, by %s', async (firmware) => {
  const iso = (await readdir(`${desk.folder}/out`)).find((name) => name.endsWith('.iso')) ?? '';
  const line = {
    BIOS: `qemu-system-x86_64 -m 2048 -nographic -cdrom out/${iso}`,
    UEFI: `qemu-system-x86_64 -m 2048 -nographic -bios /usr/share/ovmf/OVMF.fd -cdrom out/${iso}`,
  }[firmware];
  expect(await runUntil(line ?? '', /login:/, 420)).toMatch(/login:/);
});
