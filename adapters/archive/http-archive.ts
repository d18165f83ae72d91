import { sha256 } from '../../core/digest.ts';
import { type DistributionName, distributionNames, releaseNamed } from '../../core/distributions/registry.ts';
import { EngineError } from '../../core/errors.ts';
import type { ArchiveState, ArchiveSuite, ExtraArchive } from '../../core/plan/archive-state.ts';
import { parseInRelease } from '../../core/plan/in-release.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { PackageArchive, SecretOf } from '../../core/ports/package-archive.ts';
import type { SpecArchive } from '../../core/spec/configuration/archives.ts';
import type { Architecture, ReleaseName } from '../../core/spec/releases.ts';
import type { WebProxy } from '../../core/wiring/proxy.ts';
import { snapshotAddress } from '../../core/wiring/snapshot-template.ts';
import { AddressRefused } from '../network/address-refused.ts';
import { createGuardedFetch } from '../network/guarded-fetch.ts';
import { createTrustedFetch } from '../network/trusted-fetch.ts';
import type { WebFetch } from '../network/web-fetch.ts';
import { type ArchiveAccess, basicAuthorization, unauthorized } from './archive-access.ts';

/** InRelease files of Debian and Ubuntu have 50 to 300 KB; more than this is no archive. */
const maximumBytes = 4 * 1024 * 1024;
/** Of an archive that a spec names: those of third parties list a few suites' worth less, and 32 are read at once. */
const maximumExtraBytes = 1024 * 1024;
/** Planning waits for three of these at once; a mirror that needs longer is down. */
const timeoutMilliseconds = 20_000;
/** A burst of builds asks once. Archives change a few times a day. */
const cacheMilliseconds = 60_000;

/** Base addresses of a distribution's archive and of its security archive; undefined where none is configured. */
export interface ArchiveAddresses {
  readonly archive: string | undefined;
  readonly security?: string | undefined;
}

export interface HttpArchiveOptions {
  /** Of each distribution; one that is absent cannot be built. */
  readonly addresses: Readonly<Partial<Record<DistributionName, ArchiveAddresses>>>;
  readonly clock: Clock;
  readonly fetch?: WebFetch;
  /** Through which all archives are read; none unless given. */
  readonly proxy?: WebProxy | undefined;
  /** Address of an archive that keeps old states, with places for archive and time. */
  readonly snapshot?: string | undefined;
  /** Hosts with private addresses at which archives of a spec may be; none unless given. */
  readonly privateHosts?: readonly string[] | undefined;
  readonly log: (message: string, facts: Readonly<Record<string, string | number>>) => void;
}

interface SuitePlace {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly required: boolean;
  /** Where it is read instead of at `uri`: as it was at a time. */
  readonly snapshot?: string;
  /** Name of the archive in the spec; absent of the distribution's own. */
  readonly name?: string;
}

/** How an archive is asked: with an operator's trust in its addresses, or with none. */
interface Asking {
  readonly fetch: WebFetch;
  readonly mostBytes: number;
  /** Of an archive that a spec names: by what name, and with what header. */
  readonly access?: ArchiveAccess;
}

/**
 * Reads the state of a package archive over HTTP: InRelease of each suite of a release. The release's own suite must
 * be there, and so must the security suite, which is read from the security archive where one is configured, and else from
 * the archive itself where the distribution has it there; `-updates` may be absent.
 * Signatures are not verified here: what is read only names the indexes that a plan is made for, and the builder
 * verifies the signature and that it sees these very indexes before it uses one package.
 * Archives that specs name are asked at public addresses alone, and at hosts that the operator allows.
 */
export function createHttpArchive(options: HttpArchiveOptions): PackageArchive {
  const { proxy } = options;
  const own: Asking = { fetch: options.fetch ?? createTrustedFetch(proxy), mostBytes: maximumBytes };
  const guarded: Asking = {
    fetch: createGuardedFetch(options.privateHosts ?? [], proxy),
    mostBytes: maximumExtraBytes,
  };
  const known = new Map<string, { readonly at: number; readonly state: Promise<ArchiveState> }>();

  async function readState(
    release: ReleaseName,
    architecture: Architecture,
    snapshot: string | undefined,
  ): Promise<ArchiveState> {
    const started = options.clock.now().getTime();
    const suites = await Promise.all(
      places(options, release, snapshot).map((place) => readSuite(own, place, architecture, options.clock.now())),
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

  async function readExtra(
    { name, url, suites, components, credentials }: SpecArchive,
    architecture: Architecture,
    secretOf: SecretOf,
  ): Promise<ExtraArchive> {
    const authorization =
      credentials && basicAuthorization(credentials.username, await secretOf(credentials.password.secret));
    const asking = { ...guarded, access: { name, authorization } };
    const found = await Promise.all(
      suites.map((suite) =>
        readSuite(asking, { name, uri: url, suite, components, required: true }, architecture, options.clock.now()),
      ),
    );
    return { name, suites: found.filter((suite) => suite !== undefined) };
  }

  return {
    places: (release, timestamp) =>
      places(options, release, timestamp).map(({ uri, suite, components, snapshot }) => {
        return { uri, suite, components: [...components], ...(snapshot === undefined ? {} : { snapshot }) };
      }),
    extra: (archives, architecture, secretOf) =>
      Promise.all(archives.map((archive) => readExtra(archive, architecture, secretOf))),
    state: async (release, architecture, snapshot) => {
      const name = `${release}/${architecture}/${snapshot ?? ''}`;
      const now = options.clock.now().getTime();
      const cached = known.get(name);
      if (cached !== undefined && now - cached.at < cacheMilliseconds) return cached.state;
      const state = readState(release, architecture, snapshot);
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
function places(options: HttpArchiveOptions, name: ReleaseName, timestamp?: string): readonly SuitePlace[] {
  const { addresses, snapshot: template } = options;
  const { distribution, release } = releaseNamed(name);
  const { components, snapshotNames } = distribution;
  const owner = distributionNames.find((one) => one === distribution.name);
  const { archive, security } = (owner && addresses[owner]) ?? {};
  if (archive === undefined) {
    throw new EngineError('archive.not_configured', `archives.${distribution.name} is not set.`);
  }
  if (timestamp !== undefined && template === undefined) {
    throw new EngineError('archive.snapshot_not_configured', 'archives.snapshot is not set.');
  }
  const at = (named: string) =>
    timestamp === undefined || template === undefined ? {} : { snapshot: snapshotAddress(template, named, timestamp) };
  const own = release.suites.map((suite, position) => ({
    uri: withoutSlash(archive),
    suite,
    components,
    required: position === 0,
    ...at(snapshotNames.archive),
  }));
  const securityArchive = security ?? (distribution.archiveHasSecurity ? archive : undefined);
  const { securitySuite: suite } = release;
  if (suite === undefined || securityArchive === undefined) return own;
  const uri = withoutSlash(securityArchive);
  return [...own, { uri, suite, components, required: true, ...at(snapshotNames.security) }];
}

/** One suite; undefined where it may be absent and is. */
async function readSuite(
  asking: Asking,
  place: SuitePlace,
  architecture: Architecture,
  now: Date,
): Promise<ArchiveSuite | undefined> {
  const address = `${place.snapshot ?? place.uri}/dists/${place.suite}/InRelease`;
  // Errors reach users: they name the path, and leave the host to the operator's configuration.
  const path = new URL(address).pathname;
  const shown = place.name === undefined ? path : `archives[${place.name}]: ${path}`;
  const bytes = await readBytes(asking, address, shown);
  if (bytes === undefined) {
    if (!place.required) return undefined;
    throw new EngineError('archive.unreachable', `${shown} does not exist.`);
  }
  const release = parseInRelease(bytes.toString('utf8'), shown);
  if (release.codename !== place.suite && release.suite !== place.suite) {
    throw new EngineError('archive.unreachable', `${shown} is of another suite than ${place.suite}.`);
  }
  // Whoever replays a state that has expired hides security updates, but where the spec asks for just that. The builder
  // verifies that it was signed.
  if (place.snapshot === undefined && release.validUntil !== undefined && release.validUntil * 1_000 < now.getTime()) {
    const expired = new Date(release.validUntil * 1_000).toISOString();
    throw new EngineError('archive.untrusted', `${shown} expired at ${expired}: the archive is not kept up to date.`);
  }
  const indexes: Record<string, string> = {};
  for (const component of place.components) {
    const name = `${component}/binary-${architecture}/Packages`;
    const digest = release.files.get(name);
    if (digest === undefined) throw new EngineError('archive.unreachable', `${shown} lists no ${name}.`);
    indexes[name] = digest;
  }
  const inRelease = sha256(bytes);
  const { uri, suite, snapshot } = place;
  const at = snapshot === undefined ? {} : { snapshot };
  return { uri, suite, components: [...place.components], indexes, inRelease, ...at, date: release.date };
}

/** The bytes of a file, bounded in size and time; undefined where the server says that there is none. */
async function readBytes(asking: Asking, address: string, shown: string): Promise<Buffer | undefined> {
  try {
    const authorization = asking.access?.authorization;
    const response = await asking.fetch(address, {
      signal: AbortSignal.timeout(timeoutMilliseconds),
      ...(authorization === undefined ? {} : { headers: { authorization } }),
    });
    const refused = asking.access && unauthorized(asking.access, response.status);
    if (refused !== undefined) {
      await response.body?.cancel();
      throw new EngineError('archive.unauthorized', refused);
    }
    if (response.status === 404 || response.status === 410) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new EngineError('archive.unreachable', `${shown} answers with status ${response.status}.`);
    }
    return await boundedBytes(response, shown, asking.mostBytes);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('archive.unreachable', `${shown} cannot be read: ${reason(error)}.`, { cause: error });
  }
}

async function boundedBytes(response: Response, shown: string, mostBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > mostBytes) {
      throw new EngineError('archive.unreachable', `${shown} has more than ${mostBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** fetch hides the cause of a network failure one level down. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return 'no connection';
  if (error instanceof AddressRefused) return error.message;
  const cause = error.cause instanceof Error ? error.cause : error;
  if (cause.name === 'TimeoutError') return `no answer within ${timeoutMilliseconds / 1_000} s`;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no connection';
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, '');
}
