import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createWebhookSender } from '../../../adapters/network/webhook-sender.ts';
import { createKeySigner } from '../../../adapters/signing/key-signer.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { createKeyVault } from '../../../adapters/vault/key-vault.ts';
import { formatApiKey } from '../../../core/access/api-key.ts';
import { type BuiltInRole, builtInRoleNames } from '../../../core/access/built-in-roles.ts';
import { foundTenant } from '../../../core/access/found-tenant.ts';
import { EngineError } from '../../../core/errors.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import type { Table } from '../../../core/ports/table.ts';
import type { Installation } from '../../../core/tenancy/installation.ts';
import { operations } from '../../../functions/api/operations.ts';
import { largestBodyBytes } from '../../../functions/shared/request-body.ts';
import { createRouter, type RequestEntry } from '../../../functions/shared/router.ts';
import { startHttpFront } from '../../../local/http/front.ts';
import { openObjects } from '../../../local/object-store.ts';
import { openSigningKey, openVaultKey } from '../../../local/secrets.ts';
import { archive } from '../../core/plan/plan-fixtures.ts';
import { keyWith } from '../../support/members.ts';

/** The whole API over a given table, on a loopback port, with this machine's object store behind it. */
export interface ApiUnderTest {
  readonly url: string;
  readonly ports: Ports;
  /** What the router logged, in order. */
  readonly entries: readonly RequestEntry[];
  /** What was asked of the package archive, in order: it holds trixie. */
  readonly archiveReads: readonly string[];
  /** A new tenant with a key of each role. */
  tenant(name: string): Promise<TenantUnderTest>;
  close(): Promise<void>;
}

export interface TenantUnderTest {
  readonly tenantId: string;
  /** Its one owner who is a person. */
  readonly ownerId: string;
  /** By role, each of a member of its own. */
  readonly keys: Readonly<Record<BuiltInRole, string>>;
}

/** A port that the API must not touch: submitting a build starts nothing. */
function untouched(name: string): never {
  return new Proxy({} as never, {
    get() {
      throw new Error(`the API must not use ${name}`);
    },
  });
}

/**
 * @param settings what the installation is told, where it is not as here
 * @param parts ports that are others than here
 */
export async function openApi(
  table: Table,
  settings: Partial<Installation> = {},
  parts: Partial<Ports> = {},
): Promise<ApiUnderTest> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lbuild-api-'));
  const clock = createSystemClock();
  const ids = createIds(clock);
  const objects = await openObjects({
    directory: folder,
    secrets: {
      s3AccessKeyId: 'LBUILDTEST0000000000',
      s3SecretAccessKey: ids.secret(32),
      cursorSecret: ids.secret(32),
    },
    clock,
  });
  const archiveReads: string[] = [];
  const ports: Ports = {
    installation: {
      apiUrl: 'http://127.0.0.1',
      toolchain: 'test',
      mode: 'contained',
      architectures: ['amd64'],
      outputs: ['iso', 'tar'],
      cursorSecret: ids.secret(32),
      concurrentBuilds: 1,
      concurrentBuildsPerTenant: 1,
      stagesPerBuild: 10,
      spot: false,
      cacheLimitBytes: 20 * 1024 ** 3,
      warmsPresets: false,
      ...settings,
    },
    table,
    blobs: objects.blobs,
    flow: untouched('flow'),
    tasks: untouched('tasks'),
    bus: untouched('bus'),
    archive: {
      state: async (release, architecture) => {
        archiveReads.push(`${release}/${architecture}`);
        if (release === 'trixie') return archive;
        throw new EngineError('archive.unreachable', `/dists/${release}/InRelease does not exist.`);
      },
      extra: async () => [],
      places: () => archive.suites,
    },
    packages: untouched('packages'),
    signer: createKeySigner(openSigningKey(folder)),
    vault: createKeyVault(openVaultKey(folder)),
    webhooks: createWebhookSender({ privateHosts: [] }),
    clock,
    ids,
    ...parts,
  };
  const entries: RequestEntry[] = [];
  const log = {
    request: (entry: RequestEntry) => void entries.push(entry),
    failure: (_entry: RequestEntry, cause: unknown) => console.error(cause),
  };
  const handle = createRouter({ ports, operations, log, validateResponses: true });
  const front = await startHttpFront({ handle, maxBodyBytes: largestBodyBytes, ids });
  return {
    url: front.url,
    ports,
    entries,
    archiveReads,
    async tenant(name) {
      const { tenant, member, key, writes } = foundTenant(ports, { name, owner: { name: 'owner' }, keyName: 'test' });
      await table.transact(writes);
      const { tenantId } = tenant;
      const keyOf = async (role: BuiltInRole) =>
        role === 'owner' ? key.text : (await keyWith(ports, tenantId, [role])).text;
      const keys = await Promise.all(builtInRoleNames.map(async (role) => [role, await keyOf(role)] as const));
      return {
        ...{ tenantId, ownerId: member.memberId },
        keys: Object.fromEntries(keys) as Record<BuiltInRole, string>,
      };
    },
    async close() {
      await front.close();
      await objects.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A key of the right form that was never given out. */
export function unknownKey(ports: Ports): string {
  return formatApiKey({ keyId: ports.ids.next('key'), secret: ports.ids.secret(32) });
}
