import { expect } from 'vitest';
import type { LinuxBuilderClient } from '../../sdk/client.ts';
import { engineFolder, removeFolder } from './engine.ts';
import { startEngineInProcess } from './engine-in-process.ts';
import { bootDisk } from './qemu.ts';

/** What passwordHashes.yescrypt is the hash of: the preset's. */
const password = 'linux-builder';

/**
 * Has an engine whose cache is empty make a build of a spec with a raw output, and downloads the disk.
 * @returns path of the disk, in `folder`
 */
export async function buildDisk(
  spec: Parameters<LinuxBuilderClient['startBuild']>[0],
  name: string,
  folder: string,
): Promise<string> {
  const directory = engineFolder();
  const engine = await startEngineInProcess(directory, { mode: 'contained' });
  try {
    const started = await engine.client.startBuild(spec);
    const ended = await engine.client.waitForBuild(started.id);
    expect(ended.failure).toBeUndefined();
    expect(ended.state).toBe('succeeded');
    return (await engine.client.downloadArtifact(started.id, name, folder)).path;
  } finally {
    await engine.close();
    removeFolder(directory);
  }
}

/**
 * Boots a disk, logs in as the user `ops` with the password of passwordHashes.yescrypt, and runs commands.
 * @param options as of bootDisk; `hostname` is what the login prompt begins with
 * @returns the console, and what each command said
 */
export async function askDisk(
  options: Pick<Parameters<typeof bootDisk>[0], 'disk' | 'firmware' | 'format' | 'keep' | 'network'> & {
    readonly hostname: string;
  },
  commands: readonly string[],
): Promise<{ readonly console: string; readonly answers: Readonly<Record<string, string>> }> {
  const { hostname, ...machine } = options;
  const booted = await bootDisk({
    ...machine,
    timeoutSeconds: 600,
    expect: new RegExp(`${hostname} login:`),
    login: { user: 'ops', password },
    interact: commands,
  });
  const { firmware } = options;
  console.log(`${firmware}: login prompt after ${booted.bootSeconds.toFixed(0)} s (${booted.acceleration})`);
  const answers = Object.fromEntries(commands.map((command, at) => [command, booted.outputs[at] ?? '']));
  return { console: booted.console, answers };
}
