import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createWebhookSender } from '../../adapters/network/webhook-sender.ts';
import { createKeySigner } from '../../adapters/signing/key-signer.ts';
import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { createIds } from '../../adapters/system/ids.ts';
import { createKeyVault } from '../../adapters/vault/key-vault.ts';
import { bootstrapFirstKey } from '../../core/access/first-key.ts';
import type { LogLine } from '../../core/builds/manifest.ts';
import { submitBuild } from '../../core/builds/submit-build.ts';
import type { Ports } from '../../core/ports/ports.ts';
import { operations } from '../../functions/api/operations.ts';
import { largestBodyBytes } from '../../functions/shared/request-body.ts';
import { createRouter } from '../../functions/shared/router.ts';
import { startHttpFront } from '../../local/http/front.ts';
import { openObjects } from '../../local/object-store.ts';
import { openSecrets, openSigningKey, openVaultKey } from '../../local/secrets.ts';
import { specWith } from '../core/plan/plan-fixtures.ts';
import { forceState, storeLog, storeStage } from '../functions/api/stored-build.ts';

/** What the process is told to do; it answers each with a message. */
export type EngineOrder =
  | { readonly kind: 'begin' }
  | { readonly kind: 'log'; readonly build: string; readonly lines: readonly LogLine[] }
  | { readonly kind: 'end'; readonly build: string };

/**
 * The engine of a folder as a process of its own, which can be killed: API, table, store and logs are the real ones. It
 * builds nothing: what a builder would have written it writes when it is told to.
 */
const [, , directory = '', port = '0'] = process.argv;
mkdirSync(directory, { recursive: true });
const clock = createSystemClock();
const ids = createIds(clock);
const table = openSqliteTable({ file: path.join(directory, 'table.db'), clock });
const secrets = openSecrets(directory);
const objects = await openObjects({ directory: path.join(directory, 'objects'), secrets, clock });
const unused = new Proxy({} as never, {});
const ports: Ports = {
  installation: {
    ...{ apiUrl: 'http://127.0.0.1', toolchain: 'test', mode: 'contained', architectures: ['amd64'], outputs: ['tar'] },
    ...{ cursorSecret: secrets.cursorSecret, concurrentBuilds: 1, concurrentBuildsPerTenant: 1, stagesPerBuild: 10 },
    ...{ spot: false, cacheLimitBytes: 1024 ** 3, warmsPresets: false },
  },
  ...{ table, blobs: objects.blobs, clock, ids },
  ...{ flow: unused, tasks: unused, bus: unused, archive: unused, packages: unused },
  signer: createKeySigner(openSigningKey(directory)),
  vault: createKeyVault(openVaultKey(directory)),
  webhooks: createWebhookSender({ privateHosts: [] }),
};
const log = { request: () => undefined, failure: (_: unknown, cause: unknown) => console.error(cause) };
const handle = createRouter({ ports, operations, log, validateResponses: true });
const front = await startHttpFront({ handle, port: Number(port), maxBodyBytes: largestBodyBytes, ids });

async function obey(order: EngineOrder): Promise<unknown> {
  switch (order.kind) {
    case 'begin': {
      const { tenantId, apiKey } = await bootstrapFirstKey(table, clock, ids, { tenantName: 'test' });
      const call = { tenantId, keyId: 'key_1', spec: specWith({ outputs: [{ type: 'tar' }] }), run: {} };
      const { build } = await submitBuild(ports, call);
      await forceState(ports, build.id, 'running');
      await storeStage(ports, build.id, { id: 's1', state: 'running', steps: ['bootstrap'], attempt: 1 });
      return { apiKey, build: build.id };
    }
    case 'log':
      await storeLog(ports, order.build, 's1', 1, order.lines);
      return {};
    case 'end':
      await storeStage(ports, order.build, { id: 's1', state: 'succeeded', steps: ['bootstrap'], attempt: 1 });
      await forceState(ports, order.build, 'succeeded');
      return {};
  }
}

process.on('message', (order) => {
  void obey(order as EngineOrder).then((answer) => process.send?.(answer));
});
process.send?.({ url: front.url });
