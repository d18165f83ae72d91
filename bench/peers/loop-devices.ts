import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { z } from 'zod';

const listSchema = z.looseObject({
  loopdevices: z.array(z.looseObject({ name: z.string(), 'back-file': z.string().nullable() })),
});

/** The loop devices of the machine: name to the path of the file behind each, as the kernel tells it. */
export function listLoops(): ReadonlyMap<string, string> {
  const { stdout } = spawnSync('losetup', ['--list', '--json', '--output', 'NAME,BACK-FILE'], { encoding: 'utf8' });
  if (stdout.trim() === '') return new Map();
  return new Map(
    listSchema.parse(JSON.parse(stdout)).loopdevices.map((device) => [device.name, device['back-file'] ?? '']),
  );
}

/**
 * Detaches the loop devices that were not there before and whose files are gone, by removal or with the namespace that
 * showed them: they are the kernel's, and outlive the tool, its namespaces and its folder.
 * @param before of listLoops
 */
export function detachOrphanedLoops(before: ReadonlyMap<string, string>): void {
  for (const [name, file] of listLoops()) {
    if (before.get(name) === file || existsSync(file)) continue;
    // A partition that a tool told the kernel of would stay with the device's name; it is free when its mounts are gone.
    for (let tries = 0; existsSync(`${name}p1`) && tries < 50; tries += 1) {
      if (tries > 0) spawnSync('sleep', ['0.1']);
      spawnSync('partx', ['--delete', name]);
    }
    spawnSync('losetup', ['--detach', name]);
  }
}
