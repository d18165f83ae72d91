import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { packages } from '../../../../core/plan/programs/bootstrap.ts';
import { archiveHost, type SpecArchive } from '../../../../core/spec/configuration/archives.ts';
import { publicKeyBytes } from '../../../../core/spec/configuration/openpgp-key.ts';
import type { OptionsOf, ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import { allEnded } from '../all-ended.ts';

type Context = Pick<ProgramContext<OptionsOf<typeof packages>>, 'options' | 'archive' | 'scratch'>;
type Suite = Context['archive']['suites'][number];

/** An archive beside the distribution's: what the spec says of it, its planned state, and its key. */
export interface ForeignArchive extends Pick<SpecArchive, 'name' | 'url' | 'components'> {
  readonly suites: readonly Suite[];
  /** File with its key, as gpgv and apt read it. */
  readonly keyring: string;
}

/**
 * The archives that the options name, in the state that the plan was made for, each key in a file of its own.
 * Throws `step.failed` where the plan holds no such state.
 */
export async function openForeignArchives({ options, archive, scratch }: Context): Promise<ForeignArchive[]> {
  const { archives = [] } = options;
  const folder = join(scratch, 'keys');
  if (archives.length > 0) await mkdir(folder, { recursive: true });
  return allEnded(
    archives.map(async ({ name, url, components, key }) => {
      const suites = archive.extra?.find((one) => one.name === name)?.suites;
      const bytes = publicKeyBytes(key);
      if (suites === undefined || bytes === undefined || suites.some(({ uri }) => uri !== url)) {
        throw new StepError('step.failed', `archives[${name}]: the plan holds no state of it.`);
      }
      const keyring = join(folder, `${name}.gpg`);
      await writeFile(keyring, bytes);
      return { name, url, components, suites, keyring };
    }),
  );
}

/** Text of a deb822 sources file of one archive, bound to a file with its key. */
export function foreignSourcesText(
  archive: {
    readonly url: string;
    readonly suites: readonly (string | Suite)[];
    readonly components: readonly string[];
  },
  keyring: string,
): string {
  const suites = archive.suites.map((suite) => (typeof suite === 'string' ? suite : suite.suite)).join(' ');
  const components = archive.components.join(' ');
  return `Types: deb\nURIs: ${archive.url}\nSuites: ${suites}\nComponents: ${components}\nSigned-By: ${keyring}\n`;
}

/**
 * The record of apt_preferences(5) of each archive that has a priority, by its name. Apt calls all that a host has one
 * origin, so `step.failed` is thrown where the distribution's archive is at the same.
 */
export function foreignPreferences(
  archives: readonly SpecArchive[],
  own: readonly Suite[],
): ReadonlyMap<string, string> {
  const hosts = new Set(own.flatMap(({ uri, snapshot = uri }) => [archiveHost(uri), archiveHost(snapshot)]));
  const records = new Map<string, string>();
  for (const { name, url, priority } of archives) {
    if (priority === undefined) continue;
    const host = archiveHost(url);
    if (hosts.has(host)) {
      const reason = `archives[${name}].priority: the distribution's archive is at the same host, and would get it too`;
      throw new StepError('step.failed', `${reason}; remove it.`);
    }
    records.set(name, `Package: *\nPin: origin "${host}"\nPin-Priority: ${priority}\n`);
  }
  return records;
}
