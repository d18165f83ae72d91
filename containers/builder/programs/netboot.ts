/**
 * netboot: packs what a machine starts from over the network: kernel, initial RAM file system, the tree as one squashfs
 * image, and a script of iPXE.
 *
 *   fileName: edge-web.netboot.tar           Required.
 *   module: module.whole                     Required: the step whose module is the whole tree.
 *   cmdline: [quiet]                         Kernel arguments after live-boot's own.
 *   baseUrl: http://boot.example.net/edge/   Optional: where the files are served; else boot.ipxe asks iPXE.
 *
 * The archive holds boot.ipxe, filesystem.squashfs, initrd.img and vmlinuz: unpack it into a folder of an HTTP server,
 * and give machines that folder's boot.ipxe. It needs no tree. Equal modules and options give equal bytes.
 */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { netboot as declaration } from '../../../core/plan/programs/netboot.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { takeBootFiles } from './boot/boot-files.ts';
import { ipxeScript, treeName } from './boot/ipxe-script.ts';
import { packImage } from './container/image-archive.ts';

type Options = OptionsOf<typeof declaration>;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const { fileName, module: step, baseUrl, cmdline } = context.options;
  const staging = join(context.scratch, 'netboot');
  await mkdir(staging);
  await writeFile(join(staging, 'boot.ipxe'), ipxeScript({ baseUrl, cmdline }));
  const { file: tree, layers } = await context.layers.module(step);
  await symlink(tree, join(staging, treeName));
  const kernel = await takeBootFiles(context, [{ file: tree, layers }], {
    kernel: join(staging, 'vmlinuz'),
    initramfs: join(staging, 'initrd.img'),
  });
  context.progress(50);
  const file = join(context.outputs, 'image.netboot.tar');
  await packImage(context, staging, ['boot.ipxe', treeName, 'initrd.img', 'vmlinuz'], file);
  return { artifact: { file, name: fileName, mediaType: 'application/x-tar' }, facts: { kernel } };
}

export const netboot: StepProgram<typeof declaration.options> = { declaration, run };
