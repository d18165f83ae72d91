import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { ConfigurationErrors, parseConfiguration } from '../../lib/configuration.ts';
import { resourcesOf, synthesize } from './template.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const outdir = mkdtempSync(join(tmpdir(), 'lbuild-app-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

/** A process of the CDK needs 2 to 10 s of CPU; where other tests have the CPU, it waits for them. */
const timeout = 300_000;

/** Runs the CDK app as the CDK's command line does. */
function runApp(context: Readonly<Record<string, unknown>>) {
  return spawnSync(process.execPath, ['bin/app.ts'], {
    cwd: repository,
    encoding: 'utf8',
    env: { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify({ ...cdkJson.context, ...context }) },
  });
}

const archive = { 'archives.debian': 'http://archive.invalid/debian' };

function codesOf(context: Readonly<Record<string, unknown>>): readonly string[] {
  try {
    parseConfiguration((name) => context[name]);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationErrors)) throw error;
    return error.errors.map(({ code, fields }) => [code, ...fields.map(({ path }) => path)].join(' '));
  }
}

describe('configuration of a deployment', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ['no archive', {}, ['archive.not_configured']],
    ['an archive without an address', { 'archives.debian': 'debian' }, ['configuration.invalid archives.debian']],
    [
      'an archive with a password',
      { 'archives.debian': 'http://u:p@archive.invalid/' },
      ['configuration.invalid archives.debian'],
    ],
    [
      'hosts that are addresses of the web',
      { ...archive, 'archives.privateHosts': 'http://archive.internal' },
      ['configuration.invalid archives.privateHosts'],
    ],
    [
      'an archive of snapshots at whatever host a spec says',
      { ...archive, 'archives.snapshot': 'https://{archive}.internal/{timestamp}' },
      ['configuration.invalid archives.snapshot'],
    ],
    [
      'vulnerability data of a machine that a function does not have',
      { ...archive, 'vulnerabilities.sources': 'file:///srv/tracker.json' },
      ['configuration.invalid vulnerabilities.sources'],
    ],
    ['a proxy with a password', { ...archive, proxy: 'http://u:p@proxy:3128' }, ['configuration.invalid proxy']],
    ['a proxy that is none', { ...archive, proxy: 'socks5://proxy' }, ['configuration.invalid proxy']],
    ['hosts that are none', { ...archive, noProxy: 'a b' }, ['configuration.invalid noProxy']],
    ['an unknown capacity', { ...archive, capacity: 'ec2' }, ['configuration.invalid capacity']],
    ['a flag that is none', { ...archive, nat: 'perhaps' }, ['configuration.invalid nat']],
    ['a name that ECS keeps', { ...archive, stackName: 'ecs-builds' }, ['configuration.invalid stackName']],
    [
      'privileged builders for tenants who may attack each other',
      { ...archive, capacity: 'managed-instances', nat: 'true' },
      ['configuration.invalid capacity'],
    ],
    [
      'managed instances without a way out',
      { ...archive, capacity: 'managed-instances', trustedTenants: 'true' },
      ['configuration.invalid nat'],
    ],
    [
      'Spot on managed instances',
      { ...archive, capacity: 'managed-instances', nat: true, singleTenant: true, spot: 'true' },
      ['configuration.invalid spot'],
    ],
    [
      'limits that are none',
      { ...archive, concurrentBuildsPerTenant: '0', stagesPerBuild: '41', concurrentPlugins: '0' },
      [
        'configuration.invalid concurrentBuildsPerTenant',
        'configuration.invalid concurrentPlugins',
        'configuration.invalid stagesPerBuild',
      ],
    ],
    [
      'an issuer without an audience',
      { ...archive, 'oidc.issuer': 'https://id.example' },
      ['configuration.invalid oidc.issuer'],
    ],
    [
      'an issuer that is asked without encryption',
      { ...archive, 'oidc.issuer': 'http://id.example', 'oidc.audience': 'lbuild' },
      ['configuration.invalid oidc.issuer'],
    ],
    [
      'several errors',
      { concurrentBuilds: '0', logRetentionDays: '31', capacity: 'managed-instances' },
      [
        'archive.not_configured',
        'configuration.invalid concurrentBuilds',
        'configuration.invalid logRetentionDays',
        'configuration.invalid capacity',
        'configuration.invalid nat',
      ],
    ],
    [
      'one tenant on managed instances',
      { ...archive, capacity: 'managed-instances', nat: true, singleTenant: true },
      [],
    ],
    ['an archive alone', archive, []],
  ])('with %s', (_, context, codes) => {
    expect(codesOf(context)).toEqual(codes);
  });

  it(
    'is refused by the app with the named error, exit code 1 and no stack trace',
    () => {
      const { status, stderr, stdout } = runApp({ nat: 'perhaps' });
      expect(status).toBe(1);
      expect(stderr).toContain('archive.not_configured: archives.debian is not set.');
      expect(stderr).toContain('`-c archives.debian=URL` for a deployment');
      expect(stderr).toContain('configuration.invalid: nat: not true or false.');
      expect(`${stdout}${stderr}`).not.toMatch(/\n\s+at /);
    },
    timeout,
  );

  it(
    'is synthesized by the app, with every validation, to exit code 0',
    () => {
      const { status, stderr } = runApp({ ...archive, 'aws:cdk:bundling-stacks': [] });
      expect({ status, stderr }).toMatchObject({ status: 0 });
    },
    timeout,
  );
});

describe('managed instances', () => {
  const { template } = synthesize({ capacity: 'managed-instances', trustedTenants: 'true', nat: 'true' });
  const text = JSON.stringify(template);

  it('run privileged builders, each on an instance of its own that is given back when idle', () => {
    const [definition] = resourcesOf(template, 'AWS::ECS::TaskDefinition').values();
    expect(definition?.Properties).toMatchObject({
      RequiresCompatibilities: ['MANAGED_INSTANCES'],
      ContainerDefinitions: [{ Privileged: true, Environment: [{ Name: 'LBUILD_MODE', Value: 'privileged' }] }],
    });
    const [provider] = resourcesOf(template, 'AWS::ECS::CapacityProvider').values();
    expect(provider?.Properties).toMatchObject({
      ManagedInstancesProvider: { InfrastructureOptimization: { ScaleInAfter: 0 } },
    });
    const [machine] = resourcesOf(template, 'AWS::StepFunctions::StateMachine').values();
    expect(machine?.Properties.DefinitionString).toContain('"distinctInstance"');
    expect(machine?.Properties.DefinitionString).not.toContain('EphemeralStorage');
  });

  it('have no task role either', () => {
    expect(text).not.toContain('TaskRoleArn');
    expect(text).not.toContain('EphemeralStorage');
  });
});
