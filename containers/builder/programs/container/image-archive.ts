import type { ProgramContext } from '../../contract.ts';

/**
 * Packs a folder as the tar archive of an image: names in order, owners root, one time, the files that links stand for.
 * @param names what the folder holds, in order
 * @param file path of the archive
 */
export async function packImage(
  context: Pick<ProgramContext<unknown>, 'exec' | 'sourceDateEpoch'>,
  folder: string,
  names: readonly string[],
  file: string,
): Promise<void> {
  await context.exec([
    ...(['tar', '--create', `--file=${file}`, `--directory=${folder}`, '--sort=name', '--format=pax'] as const),
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
    ...['--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX', `--mtime=@${context.sourceDateEpoch}`],
    ...['--dereference', '--hard-dereference', '--', ...names],
  ]);
}
