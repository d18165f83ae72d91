/** A room that keeps tenants, callers or scripts where they belong: its code, and the tests that hold it. */
export interface GuardedRoom {
  readonly name: string;
  readonly code: readonly string[];
  readonly tests: readonly string[];
}

/**
 * What coverage is measured of and mutants are made of. Not among them: what runs in processes of its own, whose lines no
 * runner sees (the sandbox of plugins, whose tests are the hostile ones), and what only starts or declares.
 */
export const guardedRooms: readonly GuardedRoom[] = [
  {
    name: 'access',
    code: ['core/access/**/*.ts'],
    tests: [
      'test/core/access/**/*.test.ts',
      'test/functions/api/http-sqlite.test.ts',
      'test/functions/api/escalation.test.ts',
      'test/functions/api/oidc.test.ts',
    ],
  },
  { name: 'quota', code: ['core/quota/**/*.ts'], tests: ['test/core/quota/**/*.test.ts', 'test/flow/quotas.test.ts'] },
  {
    name: 'addresses of webhooks',
    code: ['core/network-address.ts', 'adapters/network/**/*.ts'],
    tests: [
      'test/core/network-address.test.ts',
      'test/adapters/webhook-sender.test.ts',
      'test/adapters/guarded-fetch.test.ts',
      'test/adapters/silent-resolver.test.ts',
      'test/adapters/web-proxy.test.ts',
      'test/adapters/quickjs/plugin-fetch.test.ts',
    ],
  },
  {
    name: 'plugins',
    code: ['core/plugins/**/*.ts', 'adapters/quickjs/**/*.ts'],
    // The hostile ones are contained in a process that no runner sees: they are left to `npm test`.
    tests: ['test/core/plugins/**/*.test.ts', 'test/adapters/quickjs/{capped,plugin,sandbox}*.test.ts'],
  },
  {
    name: 'compliance',
    code: ['core/compliance/**/*.ts', 'core/scans/**/*.ts'],
    tests: [
      'test/core/{compliance,scans}/**/*.test.ts',
      'test/flow/compliance*.test.ts',
      'test/flow/vulnerability-scans.test.ts',
    ],
  },
  {
    name: 'paths of builders',
    code: [
      'containers/builder/agent/tree-path.ts',
      'containers/builder/layers/path-text.ts',
      'containers/builder/layers/restore.ts',
      'containers/builder/programs/tree/tree-folder.ts',
      'containers/builder/programs/tree/tree-file.ts',
      'containers/builder/programs/tree/home-folder.ts',
    ],
    tests: [
      'test/containers/programs/hostile-tree.test.ts',
      'test/containers/programs/folders-and-removals.test.ts',
      'test/containers/programs/tree-edits.test.ts',
      'test/containers/programs/accounts.test.ts',
      'test/containers/agent/hostile-layers.test.ts',
      'test/containers/agent/layers.test.ts',
      'test/containers/agent/module-restore.test.ts',
      'test/containers/agent/modules.test.ts',
      'test/containers/agent/parts.test.ts',
      'test/containers/agent/path-text.test.ts',
      'test/containers/agent/tree-path.test.ts',
    ],
  },
];
