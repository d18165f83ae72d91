import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { pluginFunction } from '../../core/wiring/flow-functions.ts';
import { bundleFunctions } from '../../lib/function-code.ts';
import { callOf } from '../adapters/quickjs/plugin-calls.ts';
import {
  functionsOf,
  references,
  resourcesOf,
  statementsOfRole,
  synthesize,
  type TemplateResource,
} from './template.ts';

const handler = pluginFunction.entry.replace(/\.ts$/, '.handler');
const outdir = mkdtempSync(join(tmpdir(), 'lbuild-plugins-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

describe('the function that runs plugins', () => {
  const { template } = synthesize({ proxy: 'http://proxy.example.org:3128' });
  const all = [...resourcesOf(template, 'AWS::Lambda::Function')];
  const [id = '', found] = all.find(([, { Properties }]) => Properties.Handler === handler) ?? [];
  const Properties: TemplateResource['Properties'] = found?.Properties ?? {};

  it('may write its log and nothing else, and knows nothing but the proxy', () => {
    const [roleId] = references(Properties.Role ?? null);
    const statements = statementsOfRole(template, roleId ?? '');
    expect(statements.flatMap(({ Action }) => Action).sort()).toEqual(['logs:CreateLogStream', 'logs:PutLogEvents']);
    const role = resourcesOf(template, 'AWS::IAM::Role').get(roleId ?? '');
    expect(role?.Properties).not.toHaveProperty('ManagedPolicyArns');
    expect(Properties).toMatchObject({ Environment: { Variables: { LBUILD_PROXY: 'http://proxy.example.org:3128' } } });
    expect(Object.keys(JSON.parse(JSON.stringify(Properties.Environment)).Variables)).toEqual(['LBUILD_PROXY']);
    expect(Properties).not.toHaveProperty('VpcConfig');
    expect(Properties).not.toHaveProperty('TracingConfig');
  });

  it('has machines of its own for each tenant', () => {
    expect(Properties.TenancyConfig).toEqual({ TenantIsolationMode: 'PER_TENANT' });
    // Lambda names the tenant in a log of this form alone.
    expect(Properties.LoggingConfig).toMatchObject({ LogFormat: 'JSON' });
  });

  it('takes as much of the account as the operator says, and nothing is reserved unless they do', () => {
    const reservedOf = (context: Readonly<Record<string, unknown>>) =>
      [...resourcesOf(synthesize(context).template, 'AWS::Lambda::Function').values()]
        .filter((one) => one.Properties.ReservedConcurrentExecutions !== undefined)
        .map((one) => [one.Properties.Handler, one.Properties.ReservedConcurrentExecutions]);
    expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
    expect(reservedOf({ concurrentPlugins: '40' })).toEqual([[handler, 40]]);
    // These, other than reserved runs, do not go with machines of one tenant each.
    const { template: whole } = synthesize({ concurrentPlugins: '40' });
    expect([...resourcesOf(whole, 'AWS::Lambda::Url')]).toEqual([]);
    expect(JSON.stringify([...resourcesOf(whole, 'AWS::Lambda::Alias')])).not.toContain('ProvisionedConcurrency');
  });

  it('is watched: errors, throttles, and runs that no sandbox lets be so long', () => {
    const { operations } = synthesize();
    const watched = [...resourcesOf(operations, 'AWS::CloudWatch::Alarm').values()]
      .map((alarm) => alarm.Properties)
      .filter(({ AlarmDescription }) => String(AlarmDescription).endsWith('docs/operations/plugin-runs.md'));
    const told = watched.map(({ MetricName, Statistic, Threshold }) => [MetricName, Statistic, Threshold]);
    expect(told.sort()).toEqual([
      ['Duration', 'Maximum', 15_000],
      ['Errors', 'Sum', 1],
      ['Throttles', 'Sum', 10],
    ]);
    // All of the one function, whose own bound they stay below.
    expect(new Set(watched.map(({ Dimensions }) => JSON.stringify(Dimensions))).size).toBe(1);
    expect(15_000).toBeLessThan(pluginFunction.timeoutSeconds * 1_000);
  });

  it('is called by those alone that ask plugins', () => {
    const callers = functionsOf(template).filter(({ roleId }) =>
      statementsOfRole(template, roleId).some(
        ({ Action, Resource }) => [Action].flat().includes('lambda:InvokeFunction') && references(Resource).has(id),
      ),
    );
    expect(callers.map(({ Handler }) => Handler.split('/')[2]).sort()).toEqual([
      ...['builds', 'plan-build', 'plugins', 'rebuild-images', 'specs', 'tell-plugins'],
    ]);
  });

  it('runs one as it is bundled, and answers what came of it', () => {
    bundleFunctions(outdir);
    const file = pathToFileURL(join(outdir, pluginFunction.entry.replace(/\.ts$/, '.mjs'))).href;
    const code = 'export function transformSpec({ spec }) { console.log("hi"); return { spec }; }';
    const calls = [callOf(code), callOf('export function transformSpec() { for (;;) {} }')];
    const program = `const { handler } = await import(${JSON.stringify(file)});
      for (const call of JSON.parse(process.argv[1])) console.log(JSON.stringify(await handler(call)));
      process.exit();`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', program, JSON.stringify(calls)],
      { encoding: 'utf8', env: {} },
    );
    expect(stderr).toBe('');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { ok: true, output: { spec: { name: 'one' } }, log: { lines: [{ level: 'log', text: 'hi' }] } },
      { ok: false, code: 'plugin.timeout' },
    ]);
  });
});
