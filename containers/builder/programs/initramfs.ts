/**
 * initramfs: makes /boot/initrd.img-VERSION for each kernel, in a tree of its own.
 *
 *   afterTenant: false   Required: tenant code or files may be in the tree, so its commands run in the script environment.
 *   since: initramfs     Optional: an earlier step of this program. Where no layer since has changed anything that it
 *                        read, there is nothing to do.
 *
 * mkinitramfs of the tree runs inside it, with the tree's own configuration (MODULES=most unless a file says otherwise)
 * and zstd at its fastest level: the level changes the size by a few percent and the time by half. The links that the
 * distribution's kernel package makes (/initrd.img, /vmlinuz) are made where they are missing. What it read is noted in
 * the layer's index: the files that it holds copies of, and the words and folders of the hooks.
 */
import { lstat, readFile } from 'node:fs/promises';
import { initramfs as declaration } from '../../../core/plan/programs/initramfs.ts';
import { changesInitramfs, deletesInputs } from '../../../core/plan/programs/initramfs-inputs.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { hookInputs } from './boot/hook-inputs.ts';
import { hastened } from './boot/hook-prelude.ts';
import { initramfsPaths } from './boot/initramfs-paths.ts';
import { kernelVersions } from './tree/kernels.ts';
import { existsInTree, linkInTree, readTreeFile, writeTreeFile } from './tree/tree-file.ts';

type Options = OptionsOf<typeof declaration>;
type Context = ProgramContext<Options>;

async function run(context: Context): Promise<ProgramOutcome> {
  const reason = await reasonToMake(context);
  if (reason === undefined) {
    context.log('nothing that the initial RAM file system was made of has changed: it stays');
    return { facts: { made: 'no' } };
  }
  context.log(reason);
  await context.layers.unpackTree();
  const versions = await kernelVersions(context);
  const newest = versions.at(-1);
  if (newest === undefined) {
    throw new StepError('step.failed', 'The image has no kernel in /boot; name one under kernel.package.');
  }
  const held = new Set<string>();
  const hooks = await hookInputs(context);
  await hastenHooks(context);
  const level = await fastestLevel(context);
  for (const version of versions) {
    await context.exec(['mkinitramfs', '-c', 'zstd', ...level, '-o', `/boot/initrd.img-${version}`, version], {
      inTree: true,
      ...(context.options.afterTenant ? { confinement: 'script' as const } : {}),
      env: { SOURCE_DATE_EPOCH: String(context.sourceDateEpoch), LC_ALL: 'C.UTF-8', TMPDIR: '/tmp' },
    });
    const file = `/boot/initrd.img-${version}`;
    if (!(await existsInTree(context, file))) throw new StepError('step.failed', `mkinitramfs made no ${file}.`);
    for (const path of initramfsPaths(await readFile(await context.resolveInTree(file)))) held.add(path);
  }
  for (const [link, target] of [
    ['/initrd.img', `boot/initrd.img-${newest}`],
    ['/vmlinuz', `boot/vmlinuz-${newest}`],
  ] as const) {
    if (!(await existsInTree(context, link))) await linkInTree(context, link, target);
  }
  return {
    facts: { kernel: newest },
    inputs: { ...hooks, paths: await copiedPaths(context, held) },
  };
}

/** The arguments for zstd's fastest level; none before initramfs-tools 0.141 (Ubuntu 22.04), which takes it by itself. */
async function fastestLevel(context: Context): Promise<string[]> {
  const program = await readTreeFile(context, '/usr/sbin/mkinitramfs');
  return program === undefined || /\bgetopt -o [a-zA-Z:]*l:/.test(program.text) ? ['-l', '1'] : [];
}

/** Made by mkinitramfs inside the file system, though the tree has such a file too. */
const made = new Set(['etc/ld.so.cache']);

/**
 * Of the paths that an initial RAM file system holds, those that stand in the tree too, with every symlink on the way
 * resolved: what it holds of its own (links to busybox, its scripts) is no copy of anything.
 */
async function copiedPaths(context: Context, held: ReadonlySet<string>): Promise<string[]> {
  const copied = new Set<string>();
  for (const path of held) {
    if (made.has(path)) continue;
    const place = await context.resolveInTree(`/${path}`);
    const stat = await lstat(place).catch(() => undefined);
    if (stat === undefined || stat.isDirectory()) continue;
    copied.add(path);
    copied.add(place.slice(context.tree.length + 1));
  }
  return [...copied].sort();
}

/** Modules that may name firmware, by the bytes of their files; those that are compressed are not looked into. */
async function modulesWithFirmware(context: Context): Promise<string[]> {
  const { stdout } = await context.exec(['grep', '-rlaF', '--include=*.ko', 'firmware=', '/lib/modules/'], {
    inTree: true,
    ...(context.options.afterTenant ? { confinement: 'script' as const } : {}),
    quiet: true,
    okCodes: [0, 1],
  });
  return stdout.split('\n').filter((line) => line !== '');
}

/** Puts the prelude before the hooks' functions. The tree is this step's own: no layer holds it. */
async function hastenHooks(context: Context): Promise<void> {
  const path = '/usr/share/initramfs-tools/hook-functions';
  const file = await readTreeFile(context, path);
  if (file === undefined) return;
  const { mode, uid, gid } = file;
  await writeTreeFile(context, path, hastened(file.text, await modulesWithFirmware(context)), { mode, uid, gid });
}

/** Why it must be made; undefined where the one of `since` is still right. */
async function reasonToMake(context: Context): Promise<string | undefined> {
  const { since } = context.options;
  if (since === undefined) return 'making the initial RAM file system';
  const inputs = await context.layers.inputsOf(since);
  if (inputs === undefined) return `${since} did not note what it read: making it again`;
  const changes = changesInitramfs(inputs);
  const deletes = deletesInputs(inputs);
  const own = new Set<string>(declaration.writes);
  for (const { path, type } of await context.layers.entriesSince(since)) {
    if (type === 'directory' || own.has(path)) continue;
    if (changes(path)) return `${path} has changed: making it again`;
    if (type === 'whiteout' && deletes(path)) return `${path} is gone: making it again`;
  }
  return undefined;
}

export const initramfs: StepProgram<typeof declaration.options> = { declaration, run };
