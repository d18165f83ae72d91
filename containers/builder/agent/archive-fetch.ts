import { basicAuthorization, unauthorized } from '../../../adapters/archive/archive-access.ts';
import { createGuardedFetch } from '../../../adapters/network/guarded-fetch.ts';
import { createTrustedFetch } from '../../../adapters/network/trusted-fetch.ts';
import type { Manifest } from '../../../core/builds/manifest.ts';
import { sourceOf } from '../../../core/plan/archive-state.ts';
import { packages } from '../../../core/plan/programs/bootstrap.ts';
import type { SpecArchive } from '../../../core/spec/configuration/archives.ts';
import type { WebProxy } from '../../../core/wiring/proxy.ts';
import { StepError } from '../step-error.ts';
import type { ArchiveFetch } from './archive-download.ts';

export interface ArchiveFetchOptions {
  readonly manifest: Pick<Manifest, 'archive' | 'privateArchiveHosts' | 'steps'>;
  /** Through which all archives are asked; undefined where there is none. */
  readonly proxy: WebProxy | undefined;
  /** Gives a step of the stage a secret that it names. */
  secretOf(step: string, name: string): Promise<string>;
}

/** An archive that a step of the stage takes packages from. */
interface StepArchive extends Pick<SpecArchive, 'name' | 'credentials'> {
  readonly step: string;
  /** What the addresses of all that it has begin with. */
  readonly base: string;
}

function archivesOf({ steps }: Pick<Manifest, 'steps'>): StepArchive[] {
  const named = steps.flatMap(({ id, program, options }) => {
    const parsed = program === packages.name ? packages.options.safeParse(options) : undefined;
    return (parsed?.data?.archives ?? []).map(({ name, url, credentials }) => {
      return { step: id, name, base: new URL(`${url}/`).href, credentials };
    });
  });
  // Of two of which one lies below the other, the lower one says how it is asked.
  return named.toSorted((a, b) => b.base.length - a.base.length);
}

/**
 * Asks the operator's archives wherever they are, and every other address only where it is public or the operator
 * allows its host: a tenant chose it, or an index of the tenant's did. An archive of the spec with credentials is asked
 * with these, and nothing else is: programs never see them.
 * @throws (the answer) StepError archive.unauthorized; what `secretOf` throws
 */
export function archiveFetch({ manifest, proxy, secretOf }: ArchiveFetchOptions): ArchiveFetch {
  const trusted = manifest.archive.suites.map((suite) => new URL(`${sourceOf(suite)}/`).href);
  const [open, guarded] = [
    createTrustedFetch(proxy),
    createGuardedFetch(manifest.privateArchiveHosts ?? [], proxy),
  ] as const;
  const archives = archivesOf(manifest);
  const headers = new Map<StepArchive, Promise<string>>();

  const authorizationOf = (archive: StepArchive): Promise<string> | undefined => {
    const { credentials, step } = archive;
    if (credentials === undefined) return undefined;
    const known = headers.get(archive);
    if (known !== undefined) return known;
    const asked = secretOf(step, credentials.password.secret).then((password) =>
      basicAuthorization(credentials.username, password),
    );
    headers.set(archive, asked);
    // What failed may go well the next time.
    asked.catch(() => headers.delete(archive));
    return asked;
  };

  return async (address, init) => {
    // As it is asked for: an index may name a file with `..` in its path.
    const { href } = new URL(address);
    const ask = trusted.some((base) => href.startsWith(base)) ? open : guarded;
    const archive = archives.find(({ base }) => href.startsWith(base));
    const authorization = archive && (await authorizationOf(archive));
    if (archive === undefined || authorization === undefined) return ask(address, init);
    const askWith = async (authorization: string) => {
      const response = await ask(address, { ...init, headers: { ...init.headers, authorization } });
      const refused = unauthorized({ name: archive.name, authorization }, response.status);
      if (refused !== undefined) await response.body?.cancel().catch(() => undefined);
      return { response, refused };
    };
    const { response, refused } = await askWith(authorization);
    if (refused === undefined) return response;
    // Another value may have been set since this one was asked for.
    headers.delete(archive);
    const present = await authorizationOf(archive);
    const again = present === undefined || present === authorization ? undefined : await askWith(present);
    if (again !== undefined && again.refused === undefined) return again.response;
    throw new StepError('archive.unauthorized', refused);
  };
}
