import { sha256 } from '../../core/digest.ts';
import { EngineError } from '../../core/errors.ts';
import type { ArchiveState, ArchiveSuite } from '../../core/plan/archive-state.ts';
import { parseInRelease } from '../../core/plan/in-release.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { PackageArchive } from '../../core/ports/package-archive.ts';
import { type Architecture, type ReleaseName, releases } from '../../core/spec/releases.ts';

/** Debian's own InRelease files have 50 to 300 KB; more than this is no archive. */
const maximumBytes = 4 * 1024 * 1024;
/** Planning waits for three of these at once; a mirror that needs longer is down. */
const timeoutMilliseconds = 20_000;
/** A burst of builds asks once. Archives change a few times a day. */
const cacheMilliseconds = 60_000;
/** Packages of other components need the operator's decision about licences: only `main` is used. */
const components = ['main'];

export interface HttpArchiveOptions {
  /** Base address of the archive; undefined where none is configured. */
  readonly debian: string | undefined;
  readonly debianSecurity?: string | undefined;
  readonly clock: Clock;
  readonly fetch?: typeof globalThis.fetch;
  readonly log: (message: string, facts: Readonly<Record<string, string | number>>) => void;
}

interface SuitePlace {
  readonly uri: string;
  readonly suite: string;
  readonly required: boolean;
}

/**
 * Reads the state of a package archive over HTTP: InRelease of each suite of a release. The release's own suite must
 * be there, and so must the security suite where `debianSecurity` is set; `-updates` may be absent.
 * Signatures are not verified here: what is read only names the indexes that a plan is made for, and the builder
 * verifies the signature and that it sees these very indexes before it uses one package.
 */
export function createHttpArchive(options: HttpArchiveOptions): PackageArchive {
  const fetchFrom = options.fetch ?? globalThis.fetch;
  const known = new Map<string, { readonly at: number; readonly state: Promise<ArchiveState> }>();

  async function readState(release: ReleaseName, architecture: Architecture): Promise<ArchiveState> {
    const started = options.clock.now().getTime();
    const suites = await Promise.all(
      places(options, release).map((place) => readSuite(fetchFrom, place, architecture, options.clock.now())),
    );
    const found = suites.filter((suite) => suite !== undefined);
    options.log('read the state of the package archive', {
      release,
      architecture,
      suites: found.length,
      milliseconds: options.clock.now().getTime() - started,
    });
    return { suites: found };
  }

  return {
    state: async (release, architecture) => {
      const name = `${release}/${architecture}`;
      const now = options.clock.now().getTime();
      const cached = known.get(name);
      if (cached !== undefined && now - cached.at < cacheMilliseconds) return cached.state;
      const state = readState(release, architecture);
      known.set(name, { at: now, state });
      // A failure is not remembered: the next build asks again.
      state.catch(() => {
        if (known.get(name)?.state === state) known.delete(name);
      });
      return state;
    },
  };
}

/** The suites to read, in the order in which they stand in the plan. */
function places(options: HttpArchiveOptions, release: ReleaseName): readonly SuitePlace[] {
  if (options.debian === undefined) {
    throw new EngineError('archive.not_configured', 'archives.debian is not set.');
  }
  const uri = withoutSlash(options.debian);
  const archive = releases[release].suites.map((suite, position) => ({ uri, suite, required: position === 0 }));
  if (options.debianSecurity === undefined) return archive;
  const security = {
    uri: withoutSlash(options.debianSecurity),
    suite: releases[release].securitySuite,
    required: true,
  };
  return [...archive, security];
}

/** One suite; undefined where it may be absent and is. */
async function readSuite(
  fetchFrom: typeof globalThis.fetch,
  place: SuitePlace,
  architecture: Architecture,
  now: Date,
): Promise<ArchiveSuite | undefined> {
  const address = `${place.uri}/dists/${place.suite}/InRelease`;
  // Errors reach users: they name the path, and leave the host to the operator's configuration.
  const shown = new URL(address).pathname;
  const bytes = await readBytes(fetchFrom, address, shown);
  if (bytes === undefined) {
    if (!place.required) return undefined;
    throw new EngineError('archive.unreachable', `${shown} does not exist.`);
  }
  const release = parseInRelease(bytes.toString('utf8'), shown);
  if (release.codename !== place.suite && release.suite !== place.suite) {
    throw new EngineError('archive.unreachable', `${shown} is of another suite than ${place.suite}.`);
  }
  // Whoever replays a state that has expired hides security updates. The builder verifies that it was signed.
  if (release.validUntil !== undefined && release.validUntil * 1_000 < now.getTime()) {
    const expired = new Date(release.validUntil * 1_000).toISOString();
    throw new EngineError('archive.untrusted', `${shown} expired at ${expired}: the archive is not kept up to date.`);
  }
  const indexes: Record<string, string> = {};
  for (const component of components) {
    const name = `${component}/binary-${architecture}/Packages`;
    const digest = release.files.get(name);
    if (digest === undefined) throw new EngineError('archive.unreachable', `${shown} lists no ${name}.`);
    indexes[name] = digest;
  }
  const inRelease = sha256(bytes);
  return { uri: place.uri, suite: place.suite, components: [...components], indexes, inRelease, date: release.date };
}

/** The bytes of a file, bounded in size and time; undefined where the server says that there is none. */
async function readBytes(
  fetchFrom: typeof globalThis.fetch,
  address: string,
  shown: string,
): Promise<Buffer | undefined> {
  try {
    const response = await fetchFrom(address, { signal: AbortSignal.timeout(timeoutMilliseconds) });
    if (response.status === 404 || response.status === 410) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new EngineError('archive.unreachable', `${shown} answers with status ${response.status}.`);
    }
    return await boundedBytes(response, shown);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('archive.unreachable', `${shown} cannot be read: ${reason(error)}.`, { cause: error });
  }
}

async function boundedBytes(response: Response, shown: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maximumBytes) {
      throw new EngineError('archive.unreachable', `${shown} has more than ${maximumBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** fetch hides the cause of a network failure one level down. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return 'no connection';
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMilliseconds / 1_000} s`;
  const cause = error.cause;
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no connection';
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, '');
}
