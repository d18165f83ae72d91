import { describe, expect, it } from 'vitest';
import { engineOptions } from '../../cli/commands/local.ts';
import { EngineError } from '../../core/errors.ts';
import { commandOptions } from '../../local/command-options.ts';
import { readConfiguration } from '../../local/configuration.ts';

/** The error that a configuration is refused with. */
function refusal(options: Record<string, string>, environment: Record<string, string> = {}): EngineError {
  try {
    readConfiguration(options, environment);
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

it('the engine takes every option that `lbuild local up` offers', () => {
  const offered = engineOptions.map((option) => option.name());
  expect(offered.length).toBeGreaterThan(20);
  expect(offered.filter((name) => !(name in commandOptions))).toEqual([]);
});

describe('readConfiguration', () => {
  it('has a default for everything but the archive, on loopback with a free port, contained', () => {
    const configuration = readConfiguration({ dir: '/x/.lbuild', cache: '/x/cache' }, {});
    expect(configuration).toEqual({
      directory: '/x/.lbuild',
      builderRoot: expect.stringMatching(/^\/x\/cache\/builder-root\/[0-9a-f]{16}$/),
      packageCache: '/x/cache/packages',
      archiveFallbackHours: 24,
      defaultTier: 'unlimited',
      cacheLimitGib: 20,
      warmsPresets: false,
      requestBurst: 4_000,
      requestsPerSecond: 2_000,
      port: 0,
      mode: 'contained',
      slots: expect.any(Number),
      archive: undefined,
      archiveSecurity: undefined,
    });
    expect(configuration.slots).toBeGreaterThanOrEqual(1);
  });

  it('reads the environment below the options', () => {
    const environment = {
      LBUILD_DIR: '/e',
      LBUILD_PORT: '8080',
      LBUILD_MODE: 'privileged',
      LBUILD_SLOTS: '3',
      LBUILD_ARCHIVE: 'http://e.test/debian',
      LBUILD_ARCHIVE_SECURITY: 'http://e.test/security',
      LBUILD_ARCHIVE_UBUNTU: 'http://e.test/ubuntu',
      LBUILD_ARCHIVE_UBUNTU_SECURITY: 'http://e.test/ubuntu-security',
      LBUILD_BUILDER_ROOT: '/e/root',
      LBUILD_PACKAGE_CACHE: '/e/packages',
      LBUILD_ARCHIVE_FALLBACK_HOURS: '2',
      LBUILD_ARCHIVE_PRIVATE_HOSTS: 'Archive.internal, 10.0.0.7',
      LBUILD_PROXY: 'http://user:pass@proxy.internal:3128',
      LBUILD_NO_PROXY: 'Internal.example, .corp',
      LBUILD_CACHE_LIMIT_GIB: '7',
      LBUILD_DEFAULT_TIER: 'free',
      LBUILD_WARMS_PRESETS: 'true',
      LBUILD_OIDC_ISSUER: 'https://id.example/realms/a',
      LBUILD_OIDC_AUDIENCE: 'lbuild',
      LBUILD_OIDC_TENANT_CLAIM: 'https://id.example/tenant',
      LBUILD_CORS_ORIGINS: 'https://console.example, http://localhost:5173',
      LBUILD_REQUEST_BURST: '9',
      LBUILD_REQUESTS_PER_SECOND: '0.5',
    };
    expect(readConfiguration({}, environment)).toEqual({
      directory: '/e',
      builderRoot: '/e/root',
      packageCache: '/e/packages',
      archiveFallbackHours: 2,
      archivePrivateHosts: ['archive.internal', '10.0.0.7'],
      proxy: 'http://user:pass@proxy.internal:3128',
      noProxy: ['internal.example', '.corp'],
      cacheLimitGib: 7,
      defaultTier: 'free',
      warmsPresets: true,
      oidcIssuer: 'https://id.example/realms/a',
      oidcAudience: 'lbuild',
      oidcTenantClaim: 'https://id.example/tenant',
      corsOrigins: ['https://console.example', 'http://localhost:5173'],
      requestBurst: 9,
      requestsPerSecond: 0.5,
      port: 8080,
      mode: 'privileged',
      slots: 3,
      archive: 'http://e.test/debian',
      archiveSecurity: 'http://e.test/security',
      archiveUbuntu: 'http://e.test/ubuntu',
      archiveUbuntuSecurity: 'http://e.test/ubuntu-security',
    });
    expect(readConfiguration({ port: '9090', archive: 'https://o.test/debian' }, environment)).toMatchObject({
      port: 9090,
      archive: 'https://o.test/debian',
      mode: 'privileged',
    });
  });

  it('makes a relative folder absolute', () => {
    expect(readConfiguration({ dir: 'here' }, {}).directory).toBe(`${process.cwd()}/here`);
  });

  it('names every wrong value at once, each with its option as the remedy', () => {
    const error = refusal(
      { port: '70000', mode: 'naked', slots: '0', archive: 'ftp://a.test/debian' },
      { LBUILD_ARCHIVE_SECURITY: 'not an address' },
    );
    expect(error.code).toBe('configuration.invalid');
    expect(Object.fromEntries(error.fields.map((field) => [field.path, field.remedy]))).toEqual({
      port: 'Correct --port.',
      mode: 'Correct --mode.',
      slots: 'Correct --slots.',
      archive: 'Correct --archive.',
      archiveSecurity: 'Correct --archive-security.',
    });
    expect(error.fields.every((field) => field.reason !== '' && field.code === 'configuration.invalid')).toBe(true);
    for (const name of ['port', 'mode', 'slots', 'archive', 'archiveSecurity']) expect(error.detail).toContain(name);
  });

  it.each([
    ['port', 'http'],
    ['port', '-1'],
    ['port', '1.5'],
    ['slots', '65'],
    ['slots', 'many'],
    ['mode', 'Contained'],
    ['archive', 'a.test/debian'],
    ['archive', 'file:///srv/mirror'],
    ['archive', 'javascript:alert(1)'],
    ['builder-root', ''],
    ['cache-limit-gib', '0'],
    ['default-tier', 'golden'],
    ['warms-presets', 'perhaps'],
    ['cors-origins', '*'],
    ['cors-origins', 'https://console.example/'],
    ['cors-origins', 'console.example'],
    ['request-burst', '0'],
    ['requests-per-second', '0'],
    ['archive-private-hosts', 'http://archive.internal'],
    ['archive-private-hosts', 'a,,b'],
    ['proxy', 'proxy.internal:3128'],
    ['proxy', 'http://proxy.internal/path'],
    ['proxy-bypass', 'http://a'],
    ['archive-snapshot', 'http://snapshots.internal/{archive}'],
    ['archive-snapshot', 'http://{archive}.internal/{timestamp}'],
    ['archive-snapshot', 'ftp://snapshots.internal/{archive}/{timestamp}'],
    ['archive-snapshot', 'http://u:p@snapshots.internal/{archive}/{timestamp}'],
    ['vulnerability-data', ''],
    ['vulnerability-data', '/srv/tracker.json'],
    ['vulnerability-data', 'ftp://mirror.internal/tracker.json'],
    ['vulnerability-data', 'https://u:p@mirror.internal/tracker.json'],
    ['vulnerability-data', 'file:///srv/a.json,file:///srv/a.json'],
    ['vulnerability-data', Array.from({ length: 17 }, (_, at) => `file:///srv/${at}.json`).join(',')],
  ])('refuses --%s %s', (name, value) => {
    expect(refusal({ [name]: value }).fields).toHaveLength(1);
  });

  it.each([
    ['an issuer that is asked without encryption', { 'oidc-issuer': 'http://id.example' }],
    ['an issuer with a password', { 'oidc-issuer': 'https://user@id.example' }],
    ['an issuer with a query', { 'oidc-issuer': 'https://id.example/?a=b' }],
    ['an audience that is none', { 'oidc-audience': 'a b' }],
    ['a claim without a name', { 'oidc-tenant-claim': '' }],
    ['no audience', { 'oidc-audience': undefined }],
    ['a claim alone', { 'oidc-issuer': undefined, 'oidc-audience': undefined }],
  ])('refuses tokens of %s', (_name, given) => {
    const whole = { 'oidc-issuer': 'https://id.example', 'oidc-audience': 'lbuild', 'oidc-tenant-claim': 'tenant' };
    const options = Object.entries({ ...whole, ...given }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    expect(refusal(Object.fromEntries(options)).fields).toHaveLength(1);
  });
});
