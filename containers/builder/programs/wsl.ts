/**
 * wsl: packs the tree as a distribution for the Windows Subsystem for Linux, as `wsl --install --from-file` takes it.
 *
 *   fileName: edge-web.wsl   Required.
 *   name: edge-web           Required: what Windows calls the distribution.
 *   hostname: edge-01        Required.
 *   defaultUser: ops         Optional: the user of a shell; root where absent.
 *
 * A tar of the tree, compressed by gzip, made of the layers without a tree. /etc/wsl.conf and /etc/wsl-distribution.conf
 * come in where the tree has none; /dev is empty, since WSL mounts its own over it. systemd is switched on where it is
 * /sbin/init. No kernel is needed: WSL has its own. Equal layers and options give equal bytes.
 */
import { join } from 'node:path';
import { wsl as declaration } from '../../../core/plan/programs/wsl.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { gzip } from './container/encoding.ts';
import { writeEncoded } from './container/layer-blob.ts';

type Options = OptionsOf<typeof declaration>;
type Context = ProgramContext<Options>;

/** Sections of an INI file, those without an entry left out. */
function iniText(sections: Readonly<Record<string, Readonly<Record<string, string | undefined>>>>): string {
  return Object.entries(sections)
    .map(([section, entries]) => {
      const lines = Object.entries(entries).flatMap(([key, value]) => (value === undefined ? [] : `${key}=${value}\n`));
      return lines.length === 0 ? '' : `[${section}]\n${lines.join('')}`;
    })
    .filter((text) => text !== '')
    .join('\n');
}

/** Settings of each start, and of the installation, as WSL reads them. */
function settings(options: Options, systemd: boolean): { readonly path: string; readonly text: string }[] {
  const { name, hostname, defaultUser } = options;
  return [
    { path: 'etc/wsl-distribution.conf', text: iniText({ oobe: { defaultName: name } }) },
    {
      path: 'etc/wsl.conf',
      text: iniText({
        boot: { systemd: systemd ? 'true' : undefined },
        network: { hostname },
        user: { default: defaultUser },
      }),
    },
  ];
}

async function run(context: Context): Promise<ProgramOutcome> {
  const paths = await context.layers.paths();
  if (paths.get('etc')?.entry.type !== 'directory') {
    throw new StepError('step.failed', 'The image has no folder /etc, in which WSL reads its settings.');
  }
  const systemd = paths.has('usr/lib/systemd/systemd') && (paths.has('usr/sbin/init') || paths.has('sbin/init'));
  const added = settings(context.options, systemd).filter(({ path }) => {
    if (paths.has(path)) context.log(`/${path} is the image's own: it is left as it is`);
    return !paths.has(path);
  });
  const file = join(context.outputs, 'image.wsl');
  const tar = { files: added, mtime: context.sourceDateEpoch, emptied: ['dev'] };
  const { digest, size } = await writeEncoded(
    (write) =>
      context.layers.writeTreeTar(tar, async (piece) => {
        context.signal.throwIfAborted();
        await write(piece);
      }),
    gzip,
    file,
  );
  return {
    artifact: {
      file,
      name: context.options.fileName,
      mediaType: 'application/gzip',
      written: { size, sha256: digest },
    },
    facts: { systemd: systemd ? 'yes' : 'no' },
  };
}

export const wsl: StepProgram<typeof declaration.options> = { declaration, run };
