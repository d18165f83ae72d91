import { bootstrapFirstKey } from '../../core/access/first-key.ts';
import { findArchives } from '../../local/archive-sources.ts';
import { readConfiguration } from '../../local/configuration.ts';
import { type Engine, type OpenRunner, startEngine } from '../../local/engine.ts';
import { createLog } from '../../local/log.ts';
import { ensureBuilderRoot } from '../../scripts/builder-root.ts';
import { createEngineClient, type EngineClient } from '../../sdk/client.ts';
import { project } from './engine.ts';

/** An engine inside the test's own process: its ports are at hand while it runs. */
export interface EngineInProcess extends Engine {
  readonly client: EngineClient;
  readonly tenantId: string;
  readonly builderRoot: string;
}

/**
 * Starts an engine in a folder that had none before, with the machine's archive and the clone's package cache.
 * @param openRunner what runs its tasks, where that is not what a user's engine has
 */
export async function startEngineInProcess(
  directory: string,
  options: { readonly mode: 'contained' | 'privileged'; readonly slots?: number; readonly openRunner?: OpenRunner },
): Promise<EngineInProcess> {
  const root = await ensureBuilderRoot({ project, log: () => undefined });
  const archives = findArchives();
  const configuration = readConfiguration(
    {
      ...{ dir: directory, mode: options.mode, 'builder-root': root.directory, cache: root.cache },
      ...{ archive: archives.debian, 'archive-security': archives.debianSecurity },
      slots: String(options.slots ?? 1),
    },
    process.env,
  );
  const quiet = createLog(
    () => undefined,
    () => new Date(),
  );
  const engine = await startEngine(configuration, quiet, options.openRunner);
  const { table, clock, ids } = engine.ports;
  const { tenantId, apiKey } = await bootstrapFirstKey(table, clock, ids, { tenantName: 'test' });
  const client = createEngineClient({ url: engine.url, apiKey });
  return { ...engine, client, tenantId, builderRoot: root.directory };
}
