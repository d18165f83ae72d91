import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { usualWorkFolder } from '../../containers/builder/agent/work-folder.ts';

/** What Fargate grants a container: the mask that its effective and bounding sets must read. */
export const fargateCapabilityMask = '00000000a80425fb';
const capabilities = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'NET_RAW'],
  ...['SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
];
/** Exit code of the check below: the container has other capabilities than Fargate's. */
const wrongCapabilities = 99;
const checkCapabilities = `while read -r name value; do
  case $name in CapEff:|CapBnd:) [ "$value" = ${fargateCapabilityMask} ] || exit ${wrongCapabilities};; esac
done </proc/self/status
exec "$@"`;

/** The container tools' own profile; every way to mount or to make a namespace is taken out of it. */
const profileFile = '/usr/share/containers/seccomp.json';
const takenOut = new Set([
  ...['mount', 'umount', 'umount2', 'unshare', 'setns', 'pivot_root', 'fsopen', 'fsmount', 'move_mount', 'open_tree'],
  ...['mount_setattr', 'clone', 'clone3'],
]);
const profileSchema = z.looseObject({
  syscalls: z.array(z.looseObject({ names: z.array(z.string()), action: z.string() })),
});

function writeProfile(file: string): void {
  const profile = profileSchema.parse(JSON.parse(readFileSync(profileFile, 'utf8')));
  const kept = profile.syscalls
    .map((rule) => ({ ...rule, names: rule.names.filter((name) => !takenOut.has(name)) }))
    .filter((rule) => rule.names.length > 0);
  const namespaceFlags = 0x7e020000;
  const clone = {
    names: ['clone'],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 0, value: namespaceFlags, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
  };
  const refused = {
    names: [...takenOut].filter((name) => !name.startsWith('clone')),
    action: 'SCMP_ACT_ERRNO',
    errnoRet: 1,
  };
  const clone3 = { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 };
  writeFileSync(file, JSON.stringify({ ...profile, syscalls: [...kept, clone, refused, clone3] }));
}

export interface ContainedTask {
  /** The container's exit code. */
  readonly exited: Promise<number>;
  /** What it wrote to its standard error. */
  stderr(): string;
  kill(): void;
}

/**
 * Runs the agent as Fargate runs it: a container with exactly its capabilities, no mount, no namespace, no loop device.
 * Its storage is a folder of its own, removed with it.
 *
 * @param root the builder root; the container sees it with a writable layer of its own
 * @param bundle the agent as one file, and confine.pl's place
 * @param env of the agent, beside LBUILD_MANIFEST_URL
 * @param volumes host folder to container folder
 * @throws through `exited`: Error where the capabilities are not Fargate's
 */
export function startContainedTask(options: {
  readonly root: string;
  readonly agentBundle: string;
  readonly manifestUrl: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly volumes?: Readonly<Record<string, string>>;
}): ContainedTask {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-contained-'));
  for (const part of ['storage', 'run', 'tmp']) mkdirSync(join(folder, part));
  writeProfile(join(folder, 'seccomp.json'));
  const launcher = join(import.meta.dirname, '../../containers/builder/confine.pl');
  const store = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--tmpdir', join(folder, 'tmp')];
  const common = [...store, '--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--runtime', 'runc'];
  const variables = { LBUILD_MANIFEST_URL: options.manifestUrl, ...options.env };
  const argv = [
    ...[...common, 'run', '--name', 'task', '--network', 'host', '--log-driver', 'none'],
    ...['--security-opt', `seccomp=${join(folder, 'seccomp.json')}`],
    ...['--cap-drop', 'ALL', '--cap-add', capabilities.join(',')],
    // Where the machine lacks CAP_SYS_RESOURCE, the defaults cannot be set.
    ...['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=1024:4096'],
    ...['--tmpfs', `${usualWorkFolder}:rw,exec,suid,dev`, '--volume', `${options.agentBundle}:/run/agent/agent.mjs:ro`],
    ...['--volume', `${launcher}:/run/agent/confine.pl:ro`],
    ...Object.entries(options.volumes ?? {}).flatMap(([from, to]) => ['--volume', `${from}:${to}`]),
    ...Object.keys(variables).flatMap((name) => ['--env', name]),
    ...['--rootfs', `${options.root}:O`],
    ...['/bin/sh', '-c', checkCapabilities, 'check', '/usr/bin/tini', '--', '/opt/lbuild/node', '/run/agent/agent.mjs'],
  ];
  const child = spawn('podman', argv, { env: { ...process.env, ...variables }, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-20_000);
  });
  const remove = () => {
    spawnSync('podman', [...common, 'rm', '--force', '--time', '0', 'task']);
    rmSync(folder, { recursive: true, force: true });
  };
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => {
      rmSync(folder, { recursive: true, force: true });
      reject(error);
    });
    child.once('close', (code) => {
      remove();
      if (code === wrongCapabilities)
        reject(new Error(`the container's capabilities are not ${fargateCapabilityMask}`));
      else resolve(code ?? 137);
    });
  });
  exited.catch(() => undefined);
  return {
    exited,
    stderr: () => stderr,
    kill: () => {
      spawnSync('podman', [...common, 'kill', '--signal', 'KILL', 'task']);
    },
  };
}
