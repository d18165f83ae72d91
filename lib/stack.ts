import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type EnvironmentName, environmentNames as names } from '../core/wiring/environment.ts';
import {
  type EngineFunction as EngineFunctionSpec,
  eventFunctions,
  orchestrationFunctions,
  pluginFunction,
} from '../core/wiring/flow-functions.ts';
import { operationGroups } from '../core/wiring/operation-groups.ts';
import { AuditBucket } from './audit-bucket.ts';
import { BlobBuckets } from './blob-buckets.ts';
import { BuildMachine, machineNames } from './build-machine.ts';
import { BuildTable } from './build-table.ts';
import { BuilderImage } from './builder-image.ts';
import { BuilderNetwork } from './builder-network.ts';
import { BuilderPool } from './builder-pool.ts';
import type { Configuration } from './configuration.ts';
import { CursorSecret } from './cursor-secret.ts';
import { DeadLetterWiring } from './dead-letter-wiring.ts';
import { EngineFunction } from './engine-function.ts';
import { EventChannels } from './event-channels.ts';
import { EventWiring } from './event-wiring.ts';
import { functionCode } from './function-code.ts';
import { grantRights } from './function-rights.ts';
import { HttpApiFront } from './http-api.ts';
import { Operations } from './operations.ts';
import { PluginFunction } from './plugin-function.ts';
import { PresignRole } from './presign-role.ts';
import { SecretKey } from './secret-key.ts';
import { SigningKey } from './signing-key.ts';

export interface BuilderStackProps extends StackProps {
  readonly configuration: Configuration;
}

/** The whole engine in one stack: this file wires the constructs, each of which says what it is. */
export class BuilderStack extends Stack {
  constructor(scope: Construct, id: string, props: BuilderStackProps) {
    super(scope, id, props);
    const { configuration } = props;
    const { architecture, capacity } = configuration;
    const archive = configuration['archives.debian'];
    const logRetention = retentionOf(configuration.logRetentionDays);
    const machine = machineNames(this);

    // What is stored, and the channels.
    const { table } = new BuildTable(this, 'Table');
    const buckets = new BlobBuckets(this, 'Buckets', { pages: configuration['cors.origins'] !== undefined });
    const audit = new AuditBucket(this, 'Audit', {
      ...{ retentionDays: configuration.auditRetentionDays, accessLogs: buckets.accessLogs },
    });
    const { secret } = new CursorSecret(this, 'CursorSecret');
    const signingKey = new SigningKey(this, 'SigningKey');
    const secretKey = new SecretKey(this, 'SecretKey');
    const channels = new EventChannels(this, 'Events');

    // What runs builders.
    const network = new BuilderNetwork(this, 'Network', {
      ...{ nat: configuration.nat, logRetention, proxy: configuration.proxy },
    });
    const image = new BuilderImage(this, 'BuilderImage', { architecture, archive });
    const proxy = proxySettings(configuration);
    const pool = new BuilderPool(this, 'Builders', { network, image, architecture, capacity, logRetention, proxy });

    // The functions: of the API, of the flow, of events.
    const code = functionCode();
    const front = new HttpApiFront(this, 'Http', { logRetention, origins: configuration['cors.origins'] });
    const make = (
      {
        name,
        entry,
        timeoutSeconds,
        memoryMiB,
      }: Pick<EngineFunctionSpec, 'name' | 'entry' | 'timeoutSeconds' | 'memoryMiB'>,
      description: string,
    ): EngineFunction =>
      new EngineFunction(this, name, { name, entry, code, timeoutSeconds, memoryMiB, description, logRetention });
    const groups = operationGroups.map((group) => ({
      ...group,
      made: make({ ...group, name: `api-${group.name}` }, group.summary),
    }));
    const makeOf = (spec: EngineFunctionSpec): EngineFunction => make(spec, `${spec.name} of the build flow`);
    const flow = mapValues(orchestrationFunctions, makeOf);
    const events = mapValues(eventFunctions, makeOf);
    const all = [
      ...groups.map(({ made, rights }) => ({ made, rights })),
      ...pairs(orchestrationFunctions, flow),
      ...pairs(eventFunctions, events),
    ];

    const plugins = new PluginFunction(this, pluginFunction.name, {
      ...{ code, logRetention, proxy, mostAtOnce: configuration.concurrentPlugins },
    });

    // Who may do what, and where each finds the rest.
    const signers = all.filter(({ rights }) => rights.signsUrls).map(({ made }) => made.role);
    const presign = new PresignRole(this, 'Presign', { buckets, signers });
    const things = {
      table,
      buckets,
      pool,
      bus: channels.bus,
      stateMachineArn: machine.arn,
      executionsArn: machine.executionsArn,
      presignRole: presign.role,
      signingKey,
      secretKey,
      auditBucket: audit.bucket,
      pluginFunctionArn: plugins.function.functionArn,
    };
    const caps = ownerCaps(configuration);
    const security = configuration['archives.debianSecurity'];
    const ubuntu = configuration['archives.ubuntu'];
    const ubuntuSecurity = configuration['archives.ubuntuSecurity'];
    const snapshot = configuration['archives.snapshot'];
    const privateHosts = configuration['archives.privateHosts'];
    const webhookHosts = configuration['webhooks.privateHosts'];
    const sources = configuration['vulnerabilities.sources'];
    // What proves the audit logs whole, from who can write everything else of the store.
    buckets.keepFor(eventFunctions.sealAudit.rights.writesUnder, events.sealAudit.role);
    for (const { made, rights } of all) {
      grantRights(made, rights, things);
      secret.grantRead(made.role);
      made.configure({
        [names.apiUrl]: front.url,
        [names.toolchain]: image.toolchain,
        [names.mode]: capacity === 'fargate' ? 'contained' : 'privileged',
        [names.architectures]: architecture,
        [names.outputs]: 'iso,raw,tar,oci,docker,qcow2,vmdk,vhd,vhdx,ova,netboot,wsl',
        [names.cursorSecretId]: secret.secretArn,
        [names.concurrentBuilds]: String(configuration.concurrentBuilds),
        [names.concurrentBuildsPerTenant]: String(
          configuration.concurrentBuildsPerTenant ?? configuration.concurrentBuilds,
        ),
        [names.defaultTier]: configuration.defaultTier,
        [names.queuedBuilds]: String(configuration.queuedBuilds),
        [names.queuedBuildsPerTenant]: String(configuration.queuedBuildsPerTenant),
        [names.startsPerSecond]: String(configuration.startsPerSecond),
        [names.startBurst]: String(configuration.startBurst),
        ...caps,
        [names.stagesPerBuild]: String(configuration.stagesPerBuild),
        [names.spot]: String(configuration.spot),
        [names.cacheLimitGiB]: String(configuration.cacheLimitGiB),
        [names.warmsPresets]: String(configuration.warmsPresets),
        [names.requestBurst]: String(configuration['requests.burst']),
        [names.requestsPerSecond]: String(configuration['requests.perSecond']),
        [names.tableName]: table.tableName,
        [names.workBucket]: buckets.work.bucketName,
        [names.artifactsBucket]: buckets.artifacts.bucketName,
        [names.auditBucket]: audit.bucket.bucketName,
        [names.presignRoleArn]: presign.role.roleArn,
        [names.stateMachineArn]: machine.arn,
        [names.cluster]: pool.cluster.clusterArn,
        [names.taskFamily]: pool.family,
        [names.eventBusName]: channels.bus.eventBusName,
        [names.signingKeyArn]: signingKey.arn,
        [names.secretKeyArn]: secretKey.arn,
        [names.pluginFunction]: plugins.function.functionName,
        ...proxy,
        ...oidcVariables(configuration),
        [names.archiveDebian]: archive,
        [names.archiveFallbackHours]: String(configuration['archives.fallbackHours']),
        ...(security === undefined ? {} : { [names.archiveDebianSecurity]: security }),
        ...(ubuntu === undefined ? {} : { [names.archiveUbuntu]: ubuntu }),
        ...(ubuntuSecurity === undefined ? {} : { [names.archiveUbuntuSecurity]: ubuntuSecurity }),
        ...(snapshot === undefined ? {} : { [names.archiveSnapshot]: snapshot }),
        ...(privateHosts === undefined ? {} : { [names.archivePrivateHosts]: privateHosts.join(',') }),
        ...(sources === undefined ? {} : { [names.vulnerabilitySources]: sources.join(',') }),
        ...(webhookHosts === undefined ? {} : { [names.webhookPrivateHosts]: webhookHosts.join(',') }),
      });
    }

    // Who calls them.
    for (const { made, prefixes } of groups) for (const prefix of prefixes) front.route(prefix, made);
    const build = new BuildMachine(this, 'Build', { functions: flow, pool, network, capacity, logRetention });
    new EventWiring(this, 'Wiring', { channels, table, stateMachineArn: machine.arn, functions: events });

    new DeadLetterWiring(this, 'DeadLetterWiring', { deadLetters: channels.deadLetters, functions: events });

    new Operations(this, 'Operations', {
      ...{ functions: all.map(({ made }) => made), plugins: plugins.function, machine: build.machine },
      ...{ deadLetters: channels.deadLetters, table, topicArn: configuration.alarmTopicArn },
    });

    new CfnOutput(this, 'ApiUrl', { value: front.url, description: 'Address of the API' });
    new CfnOutput(this, 'TableName', { value: table.tableName });
    new CfnOutput(this, 'WorkBucket', { value: buckets.work.bucketName });
    new CfnOutput(this, 'AuditBucket', { value: audit.bucket.bucketName, description: 'Copies of the audit logs' });
    new CfnOutput(this, 'ArtifactsBucket', { value: buckets.artifacts.bucketName });
    new CfnOutput(this, 'FirstKeyCommand', {
      value: `npx lbuild admin create-first-key --table ${table.tableName} --region ${this.region} --tenant NAME`,
      description: 'Makes the first tenant and its operator’s API key, once (docs/DEPLOYMENT.md)',
    });
  }
}

/** Whose tokens are taken, as functions are told of it. */
function oidcVariables(configuration: Configuration): Partial<Record<EnvironmentName, string>> {
  const { 'oidc.issuer': issuer, 'oidc.audience': audience, 'oidc.tenantClaim': tenantClaim } = configuration;
  return {
    ...(issuer === undefined ? {} : { [names.oidcIssuer]: issuer }),
    ...(audience === undefined ? {} : { [names.oidcAudience]: audience }),
    ...(tenantClaim === undefined ? {} : { [names.oidcTenantClaim]: tenantClaim }),
  };
}

/** The proxy as functions and builders are told of it. */
function proxySettings({ proxy, noProxy }: Configuration): Partial<Record<EnvironmentName, string>> {
  if (proxy === undefined) return {};
  return { [names.proxy]: proxy, ...(noProxy === undefined ? {} : { [names.noProxy]: noProxy.join(',') }) };
}

/** Caps of builds at once and of what is cached, of kinds of owners that have one. */
function ownerCaps(configuration: Configuration): Partial<Record<EnvironmentName, string>> {
  const {
    concurrentBuildsPerTeam: team,
    concurrentBuildsPerMember: member,
    concurrentBuildsPerKey: key,
    cacheLimitGiBPerTenant: own,
    cacheLimitGiBShared: shared,
  } = configuration;
  return {
    ...(team === undefined ? {} : { [names.concurrentBuildsPerTeam]: String(team) }),
    ...(member === undefined ? {} : { [names.concurrentBuildsPerMember]: String(member) }),
    ...(key === undefined ? {} : { [names.concurrentBuildsPerKey]: String(key) }),
    ...(own === undefined ? {} : { [names.cacheLimitGiBPerTenant]: String(own) }),
    ...(shared === undefined ? {} : { [names.cacheLimitGiBShared]: String(shared) }),
  };
}

function mapValues<Key extends string, Value, Result>(
  values: Readonly<Record<Key, Value>>,
  map: (value: Value) => Result,
): Record<Key, Result>;
function mapValues<Value, Result>(values: Readonly<Record<string, Value>>, map: (value: Value) => Result) {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
}

/** Each function beside the rights that core/wiring declares for it. */
function pairs<Key extends string>(
  specs: Readonly<Record<Key, EngineFunctionSpec>>,
  made: Readonly<Record<Key, EngineFunction>>,
): { made: EngineFunction; rights: EngineFunctionSpec['rights'] }[];
function pairs(specs: Readonly<Record<string, EngineFunctionSpec>>, made: Readonly<Record<string, EngineFunction>>) {
  return Object.entries(specs).flatMap(([key, spec]) => {
    const target = made[key];
    return target === undefined ? [] : [{ made: target, rights: spec.rights }];
  });
}

/** The CDK names the numbers of days that CloudWatch Logs knows. */
function retentionOf(days: Configuration['logRetentionDays']): RetentionDays {
  const names = {
    7: RetentionDays.ONE_WEEK,
    14: RetentionDays.TWO_WEEKS,
    30: RetentionDays.ONE_MONTH,
    60: RetentionDays.TWO_MONTHS,
    90: RetentionDays.THREE_MONTHS,
    180: RetentionDays.SIX_MONTHS,
    365: RetentionDays.ONE_YEAR,
  } as const;
  return names[days];
}
