import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { osRelease } from '../../scripts/setup/system.mjs';

/** The machine in words: processors, memory, system, kernel. */
export function describeMachine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim().replace(/\s+/g, ' ') ?? 'unknown processor';
  const memory = Math.round(totalmem() / 1024 ** 3);
  const system = osRelease().PRETTY_NAME ?? 'Linux';
  const virtualisation = existsSync('/dev/kvm') ? 'KVM' : 'no KVM';
  return `${processors.length} cores (${model}), ${memory} GiB, ${system}, Linux ${release()}, ${virtualisation}`;
}

/** The commit that is checked out, marked where the files differ from it. */
export function describeCommit(project: string): string {
  const argv = ['-C', project, 'describe', '--always', '--dirty', '--exclude', '*'];
  return spawnSync('git', argv, { encoding: 'utf8' }).stdout.trim() || 'unknown';
}
