import { bootstrapFirstKey } from '../../core/access/first-key.ts';
import { findArchives } from '../../local/archive-sources.ts';
import { readConfiguration } from '../../local/configuration.ts';
import { type Engine, type EngineParts, startEngine } from '../../local/engine.ts';
import { createLog } from '../../local/log.ts';
import { ensureBuilderRoot } from '../../scripts/builder-root.ts';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import { project } from './engine.ts';

/** Who uses an engine: its first tenant. */
export interface FirstTenant {
  readonly tenantId: string;
  readonly apiKey: string;
}

/** An engine inside the test's own process: its ports are at hand while it runs. */
export interface EngineInProcess extends Engine, FirstTenant {
  readonly client: LinuxBuilderClient;
  readonly builderRoot: string;
}

/** How an engine of a test is run, and which of its parts are others than a user's. */
export interface EngineInProcessOptions extends EngineParts {
  readonly mode: 'contained' | 'privileged';
  readonly slots?: number;
  /** Hosts with private addresses at which archives of specs may be, parted by commas. */
  readonly privateHosts?: string;
  /** More of the engine's options, by their names. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Address of a web proxy; none unless given. */
  readonly proxy?: string;
  /** Address of the distribution's archive in place of the machine's, without security updates. */
  readonly archive?: string;
  /** Address of the states of archives by time. */
  readonly snapshots?: string;
  /** The tenant that the folder's engine made when it was started first; absent where the folder had none before. */
  readonly tenant?: FirstTenant;
}

/** Starts an engine in a folder, with the machine's archive and the clone's package cache. */
export async function startEngineInProcess(
  directory: string,
  { mode, slots = 1, privateHosts, settings, proxy, archive, snapshots, tenant, ...parts }: EngineInProcessOptions,
): Promise<EngineInProcess> {
  const root = await ensureBuilderRoot({ project, log: () => undefined });
  const archives = archive === undefined ? findArchives() : { debian: archive };
  const configuration = readConfiguration(
    {
      ...{ dir: directory, mode, 'builder-root': root.directory, cache: root.cache },
      ...{ archive: archives.debian, 'archive-security': archives.debianSecurity },
      slots: String(slots),
      'archive-private-hosts': privateHosts,
      'archive-snapshot': snapshots,
      proxy,
      ...settings,
    },
    process.env,
  );
  const quiet = createLog(
    () => undefined,
    () => new Date(),
  );
  const engine = await startEngine(configuration, quiet, parts);
  const { table, clock, ids } = engine.ports;
  const { tenantId, apiKey } = tenant ?? (await bootstrapFirstKey(table, clock, ids, { tenantName: 'test' }));
  const client = new LinuxBuilderClient({ url: engine.url, apiKey });
  return { ...engine, client, tenantId, apiKey, builderRoot: root.directory };
}
