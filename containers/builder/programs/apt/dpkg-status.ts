import { StepError } from '../../step-error.ts';
import { readTreeFile, type TreeAccess, writeTreeFile } from '../tree/tree-file.ts';

const statusPath = '/var/lib/dpkg/status';
const isInstalled = /^Status: \S+ \S+ (?!not-installed|config-files)/m;

/** Version of each package that is installed, by name. */
export async function installedVersions(access: TreeAccess): Promise<Map<string, string>> {
  const status = await readTreeFile(access, statusPath);
  const versions = new Map<string, string>();
  for (const stanza of status?.text.split('\n\n') ?? []) {
    const name = /^Package: (\S+)$/m.exec(stanza)?.[1];
    if (name !== undefined && isInstalled.test(stanza)) versions.set(name, /^Version: (\S+)$/m.exec(stanza)?.[1] ?? '');
  }
  return versions;
}

/**
 * Marks packages as held in dpkg's status file, as `apt-mark hold` does: no upgrade changes them.
 * @throws StepError package.not_found where one is not installed
 */
export async function holdPackages(access: TreeAccess, names: readonly string[]): Promise<void> {
  const status = await readTreeFile(access, statusPath);
  if (status === undefined) throw new StepError('step.failed', `${statusPath} is missing in the tree`);
  const left = new Set(names);
  // Latin-1 keeps every byte of the descriptions as it is.
  const stanzas = Buffer.from(status.bytes)
    .toString('latin1')
    .split('\n\n')
    .map((stanza) => {
      const name = /^Package: (\S+)$/m.exec(stanza)?.[1];
      if (name === undefined || !left.has(name) || !isInstalled.test(stanza)) return stanza;
      left.delete(name);
      return stanza.replace(/^Status: \S+ /m, 'Status: hold ');
    });
  const [missing] = left;
  if (missing !== undefined) {
    const position = names.indexOf(missing);
    const reason = `packages.hold[${position}]: ${missing} is not installed in the image; install it, or leave it out.`;
    throw new StepError('package.not_found', reason);
  }
  const { mode, uid, gid } = status;
  await writeTreeFile(access, statusPath, Buffer.from(stanzas.join('\n\n'), 'latin1'), { mode, uid, gid });
}
