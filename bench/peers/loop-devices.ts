import { spawnSync } from 'node:child_process';
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
 * Detaches the loop devices that were not there before and whose files have been removed: they are the kernel's, and
 * outlive the tool, its namespaces and its folder.
 * @param before of listLoops
 */
export function detachOrphanedLoops(before: ReadonlyMap<string, string>): void {
  for (const [name, file] of listLoops()) {
    if (before.get(name) !== file && / \(deleted\)$/.test(file)) spawnSync('losetup', ['--detach', name]);
  }
}
