import type { GuardedRoom } from './guarded-rooms.ts';

/**
 * Of each guarded room what decides: who reaches what, what is counted, which address is inner, what JSON is taken, what an
 * image is judged to be, where a path leads. The tests are those that call it; all of a room would take a day.
 */
export const mutatedRooms: readonly GuardedRoom[] = [
  {
    name: 'access',
    code: ['core/access/{address-ranges,api-key,held,key-rights,reach}.ts'],
    tests: ['test/core/access/{address-ranges,api-key,authenticate,key-rights,key-schemas,reach}.test.ts'],
  },
  {
    name: 'quota',
    code: ['core/quota/{periods,settlement}.ts'],
    tests: ['test/core/quota/{periods,settle*,warning}.test.ts'],
  },
  { name: 'addresses of webhooks', code: ['core/network-address.ts'], tests: ['test/core/network-address.test.ts'] },
  {
    name: 'plugins',
    code: ['core/plugins/{bounded-json,changed-paths,fetch-host,grants}.ts'],
    tests: ['test/core/plugins/**/*.test.ts'],
  },
  {
    name: 'compliance',
    code: [
      'core/compliance/{judge,waiver,inspected-tree,file-modes,sshd-values}.ts',
      'core/compliance/readers/sshd.ts',
      'core/scans/check-changes.ts',
    ],
    tests: [
      'test/core/compliance/{checks,inspected-tree,judge,settings,sshd-reader,waiver}.test.ts',
      'test/core/scans/check-changes.test.ts',
    ],
  },
  {
    name: 'paths of builders',
    code: ['containers/builder/agent/tree-path.ts', 'containers/builder/layers/path-text.ts'],
    tests: [
      'test/containers/programs/{hostile-tree,folders-and-removals}.test.ts',
      'test/containers/agent/{parts,tree-path,path-text}.test.ts',
    ],
  },
];
