import { readFileSync } from 'node:fs';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { outboxKey } from '../../core/builds/keys.ts';
import { outputTypes } from '../../core/spec/releases.ts';
import { deadLetterKeeper, eventRules, outboxStream, schedules } from '../../core/wiring/event-rules.ts';
import { eventFunctions, orchestrationFunctions } from '../../core/wiring/flow-functions.ts';
import { operationGroups } from '../../core/wiring/operation-groups.ts';
import { tableSchema } from '../../core/wiring/table-schema.ts';
import { requiredNames } from '../../functions/shared/aws/environment.ts';
import { functionsOf, policiesOf, references, resourcesOf, statementsOfRole, synthesize } from './template.ts';

const { app, template } = synthesize();

/** The one resource of a type. */
function only(type: string) {
  const found = [...resourcesOf(template, type)];
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} resources of ${type}`);
  return { id: first[0], resource: first[1] };
}

/** Statements of every policy that a role has. */
const statementsOf = (roleId: string) => statementsOfRole(template, roleId);
const functions = functionsOf(template);

/** The function that runs a file of core/wiring. */
function functionOf(entry: string) {
  const found = functions.find(({ Handler }) => Handler === entry.replace(/\.ts$/, '.handler'));
  if (found === undefined) throw new Error(`no function runs ${entry}`);
  return found;
}

describe('validations', () => {
  it('leaves cdk-nag no finding without a written reason', () => {
    expect(new AwsSolutionsChecks(app).validateScope(app).violations).toEqual([]);
  });

  it('would hear of a finding: the same checks find an open bucket beside the stack', () => {
    const open = synthesize();
    new CfnBucket(open.stack, 'Open');
    const { violations } = new AwsSolutionsChecks(open.app).validateScope(open.app);
    expect(violations.map(({ ruleName }) => ruleName)).toEqual(
      expect.arrayContaining(['AwsSolutions-S1', 'AwsSolutions-S10']),
    );
  });
});

describe('builders', () => {
  it('have no task role anywhere', () => {
    expect(JSON.stringify(template)).not.toContain('TaskRoleArn');
    // Nor do they know of a web proxy where none is configured.
    expect(JSON.stringify(template)).not.toContain('LBUILD_PROXY');
    const { resource } = only('AWS::ECS::TaskDefinition');
    expect(resource.Properties).toMatchObject({
      RequiresCompatibilities: ['FARGATE'],
      ContainerDefinitions: [{ Name: 'builder', Privileged: false, LinuxParameters: { InitProcessEnabled: true } }],
    });
  });

  it('are reached by nobody, and reach HTTP, HTTPS and DNS only', () => {
    const { resource } = only('AWS::EC2::SecurityGroup');
    const egress = z
      .array(z.looseObject({ IpProtocol: z.string(), FromPort: z.number(), ToPort: z.number() }))
      .parse(resource.Properties.SecurityGroupEgress);
    expect(resource.Properties.SecurityGroupIngress).toBeUndefined();
    expect(resourcesOf(template, 'AWS::EC2::SecurityGroupIngress').size).toBe(0);
    expect(egress.map((rule) => `${rule.IpProtocol} ${rule.FromPort}-${rule.ToPort}`).sort()).toEqual([
      'tcp 443-443',
      'tcp 53-53',
      'tcp 80-80',
      'udp 53-53',
    ]);
  });

  it('need no NAT gateway, and reach S3 and DynamoDB inside AWS', () => {
    expect(resourcesOf(template, 'AWS::EC2::NatGateway').size).toBe(0);
    const services = [...resourcesOf(template, 'AWS::EC2::VPCEndpoint').values()].map((endpoint) =>
      JSON.stringify(endpoint.Properties.ServiceName),
    );
    expect(services).toHaveLength(2);
    expect(services.some((name) => name.includes('.s3'))).toBe(true);
    expect(services.some((name) => name.includes('.dynamodb'))).toBe(true);
    expect(resourcesOf(synthesize({ nat: 'true' }).template, 'AWS::EC2::NatGateway').size).toBe(1);
  });
});

describe('the state machine', () => {
  const { id: machineId, resource: machine } = only('AWS::StepFunctions::StateMachine');
  const properties = z
    .looseObject({
      DefinitionString: z.string(),
      DefinitionSubstitutions: z.record(z.string(), z.json()),
      RoleArn: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }),
    })
    .parse(machine.Properties);
  const statements = statementsOf(properties.RoleArn['Fn::GetAtt'][0]);
  const named = [...properties.DefinitionString.matchAll(/\$\{([A-Za-z]+)\}/g)].map(([, name]) => name);

  it('runs the file that local/ runs', () => {
    expect(properties.DefinitionString).toBe(
      readFileSync(new URL('../../lib/build.asl.json', import.meta.url), 'utf8'),
    );
  });

  it('has a value for every substitution, and no other', () => {
    expect(Object.keys(properties.DefinitionSubstitutions).sort()).toEqual([...new Set(named)].sort());
  });

  it.each(Object.entries(orchestrationFunctions))('may invoke what the substitution %s names', (name, { entry }) => {
    const target = functionOf(entry);
    expect(properties.DefinitionSubstitutions[name]).toEqual({ 'Fn::GetAtt': [target.id, 'Arn'] });
    const invokes = statements.filter(({ Action }) => Action.includes('lambda:InvokeFunction'));
    expect(invokes.flatMap(({ Resource }) => Resource)).toContainEqual({ 'Fn::GetAtt': [target.id, 'Arn'] });
  });

  it('may run any revision of the family in the cluster, tag it, follow it, and pass the execution role', () => {
    const bySid = (sid: string) => statements.find(({ Sid }) => Sid === sid);
    const cluster = only('AWS::ECS::Cluster').id;
    const family = z.string().parse(only('AWS::ECS::TaskDefinition').resource.Properties.Family);
    expect(properties.DefinitionSubstitutions.TaskDefinition).toBe(family);
    expect(properties.DefinitionSubstitutions.Cluster).toEqual({ 'Fn::GetAtt': [cluster, 'Arn'] });
    expect(JSON.stringify(bySid('RunBuilders'))).toContain(`:task-definition/${family}:*`);
    expect(bySid('RunBuilders')).toMatchObject({
      Action: ['ecs:RunTask'],
      Condition: { ArnEquals: { 'ecs:cluster': { 'Fn::GetAtt': [cluster, 'Arn'] } } },
    });
    expect(bySid('FollowBuilders')?.Action.toSorted()).toEqual(['ecs:DescribeTasks', 'ecs:StopTask']);
    expect(bySid('TagBuilders')?.Action).toEqual(['ecs:TagResource']);
    const role = z
      .object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) })
      .parse(only('AWS::ECS::TaskDefinition').resource.Properties.ExecutionRoleArn);
    expect(bySid('PassExecutionRole')).toMatchObject({ Action: ['iam:PassRole'], Resource: [role] });
    expect(JSON.stringify(bySid('FollowBuildersByEvents'))).toContain('rule/StepFunctionsGetEventsForECSTaskRule');
  });

  it('is answered by a policy of its own, for the functions that answer it', () => {
    const answering = policiesOf(template).filter(({ statements: all }) =>
      all.some(({ Action }) => Action.some((action) => action.startsWith('states:SendTask'))),
    );
    for (const { statements: all } of answering) {
      expect(all.flatMap(({ Action }) => Action).every((action) => action.startsWith('states:SendTask'))).toBe(true);
    }
    const wanted = [...Object.values(orchestrationFunctions), ...Object.values(eventFunctions)]
      .filter(({ rights }) => rights.sendsTokens)
      .map(({ entry }) => functionOf(entry).roleId);
    expect(answering.flatMap(({ roles }) => roles).sort()).toEqual(wanted.sort());
    expect(machineId).toBeDefined();
  });
});

it('holds no circle of dependencies', () => {
  const edges = new Map(
    Object.entries(template.Resources).map(([id, { DependsOn, ...resource }]) => {
      const named = typeof DependsOn === 'string' ? [DependsOn] : (DependsOn ?? []);
      return [id, [...references(resource), ...named].filter((other) => other in template.Resources)];
    }),
  );
  const done = new Set<string>();
  const visit = (id: string, path: readonly string[]): void => {
    if (path.includes(id)) throw new Error(`circle: ${[...path, id].join(' -> ')}`);
    if (done.has(id)) return;
    for (const next of edges.get(id) ?? []) visit(next, [...path, id]);
    done.add(id);
  };
  for (const id of edges.keys()) visit(id, []);
  expect(done.size).toBe(Object.keys(template.Resources).length);
});

describe('what is stored', () => {
  it.each([...resourcesOf(template, 'AWS::S3::Bucket')])(
    'keeps the bucket %s closed, encrypted and retained',
    (id, bucket) => {
      expect(bucket).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
      expect(bucket.Properties).toMatchObject({
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: {} }] },
      });
      expect(JSON.stringify(bucket.Properties.LifecycleConfiguration)).toContain('"DaysAfterInitiation":1');
      const policies = [...resourcesOf(template, 'AWS::S3::BucketPolicy').values()].filter((policy) =>
        references(policy.Properties.Bucket).has(id),
      );
      expect(JSON.stringify(policies)).toContain('"aws:SecureTransport":"false"');
      expect(JSON.stringify(policies)).not.toMatch(/"Effect":"Allow","Principal":(\{"AWS":)?"\*"/);
    },
  );

  it('lets staging expire', () => {
    expect(JSON.stringify([...resourcesOf(template, 'AWS::S3::Bucket').values()])).toContain('"Prefix":"staging/"');
  });

  it('keeps the table encrypted, recoverable, streamed and retained, with the indexes of the schema', () => {
    const tables = [...resourcesOf(template, 'AWS::DynamoDB::Table').values()];
    expect(tables).toHaveLength(1);
    expect(tables[0]).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        SSESpecification: { SSEEnabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        StreamSpecification: { StreamViewType: tableSchema.streamView },
        GlobalSecondaryIndexes: Object.values(tableSchema.indexes).map(({ name }) => ({ IndexName: name })),
      },
    });
  });

  it('keeps no log for ever', () => {
    const groups = resourcesOf(template, 'AWS::Logs::LogGroup');
    expect(groups.size).toBeGreaterThan(functions.length);
    for (const [id, group] of groups) expect([id, group.Properties.RetentionInDays]).toEqual([id, 30]);
  });
});

describe('the functions', () => {
  it('are those of core/wiring, on arm64 with traces and a log group each', () => {
    const entries = [...operationGroups, ...Object.values(orchestrationFunctions), ...Object.values(eventFunctions)];
    expect(functions).toHaveLength(entries.length);
    for (const { entry } of entries) {
      expect(functionOf(entry).properties).toMatchObject({
        Architectures: ['arm64'],
        Runtime: 'nodejs24.x',
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: { LogGroup: {} },
      });
    }
  });

  it('have the whole environment that they read', () => {
    expect(requiredNames.length).toBeGreaterThan(10);
    for (const { Environment } of functions) {
      const names = Object.keys(Environment.Variables);
      expect(names).toEqual(expect.arrayContaining(requiredNames.filter((name) => name !== 'AWS_REGION')));
      expect(names).toEqual(expect.arrayContaining(['POWERTOOLS_SERVICE_NAME', 'POWERTOOLS_METRICS_NAMESPACE']));
    }
  });

  it('offer every output that there is', () => {
    for (const { Environment } of functions) {
      expect(Environment.Variables).toMatchObject({ LBUILD_OUTPUTS: outputTypes.join(',') });
    }
  });

  it.each(operationGroups)('sends each prefix of $name to it, and lets it write the table only if it may', (group) => {
    const target = functionOf(group.entry);
    const routes = [...resourcesOf(template, 'AWS::ApiGatewayV2::Route').values()].map(({ Properties }) => Properties);
    for (const prefix of group.prefixes) {
      for (const key of [`ANY ${prefix}`, `ANY ${prefix}/{proxy+}`]) {
        const route = routes.find(({ RouteKey }) => RouteKey === key);
        const [integration] = references(route?.Target);
        expect(references(template.Resources[integration ?? '']?.Properties)).toContain(target.id);
      }
    }
    const statements = statementsOf(target.roleId);
    const actions = statements.flatMap(({ Action }) => Action);
    // Who only reads may write down who called, how often, and who was refused, and nothing else.
    const puts = statements.filter(({ Action }) => Action.includes('dynamodb:UpdateItem'));
    const bound = puts.every((statement) =>
      JSON.stringify(statement).includes('"dynamodb:LeadingKeys":["KEYUSE#*","AUDITPENDING#*","RATE#*"]'),
    );
    const { table, recordsAccess } = group.rights;
    expect([puts.length > 0, puts.length > 0 && bound]).toEqual([
      table === 'write' || recordsAccess === true,
      table !== 'write' && recordsAccess === true,
    ]);
    expect(actions.includes('s3:PutObject')).toBe(group.rights.blobs === 'write');
    expect(actions.includes('s3:DeleteObject')).toBe(group.rights.blobs === 'write');
    const changes = statements.filter(({ Action }) =>
      [Action].flat().some((action) => /^s3:(Put|Delete|Abort)/.test(action)),
    );
    const places = JSON.stringify(changes.map(({ Resource }) => Resource)).match(/\/[a-z]*\/?\*/g) ?? [];
    const { blobs, writesUnder } = group.rights;
    expect(places).toEqual(blobs !== 'write' ? [] : writesUnder === undefined ? ['/*', '/*'] : [`/${writesUnder}*`]);
    expect(actions.includes('sts:AssumeRole')).toBe(group.rights.signsUrls);
    expect(actions.some((action) => action.startsWith('states:'))).toBe(false);
  });

  it('are called by the rules and schedules of core/wiring', () => {
    const rules = [...resourcesOf(template, 'AWS::Events::Rule').values()];
    expect(rules).toHaveLength(eventRules.length + schedules.length + 1);
    for (const rule of [...eventRules, ...schedules]) {
      const found = rules.find(({ Properties }) => Properties.Description === rule.name);
      expect(references(found?.Properties.Targets)).toContain(functionOf(eventFunctions[rule.target].entry).id);
      expect(JSON.stringify(found?.Properties.Targets)).toContain('DeadLetterConfig');
    }
    const ended = rules.find(({ Properties }) => JSON.stringify(Properties.EventPattern ?? {}).includes('aws.states'));
    expect(references(ended?.Properties.Targets)).toContain(functionOf(eventFunctions.settleBuild.entry).id);
  });

  it('hear of the outbox, and of nothing else in the table', () => {
    expect(outboxKey('evt_1').partition.startsWith(outboxStream.partitionPrefix)).toBe(true);
    const mappings = [...resourcesOf(template, 'AWS::Lambda::EventSourceMapping').values()];
    const [resource, another] = mappings.filter(({ Properties }) => Properties.FilterCriteria !== undefined);
    if (resource === undefined || another !== undefined) throw new Error('one mapping filters what it hears of');
    expect(resource.Properties).toMatchObject({ BisectBatchOnFunctionError: true, MaximumRetryAttempts: 5 });
    expect(references(resource.Properties.FunctionName)).toContain(functionOf(eventFunctions.publishOutbox.entry).id);
    expect(JSON.stringify(resource.Properties.FilterCriteria)).toContain('OUTBOX#');
    expect(JSON.stringify(resource.Properties.DestinationConfig)).toContain('OnFailure');
  });

  it('have what they fail at sent to the queue of dead letters, which one function writes down', () => {
    const { id: queue, resource } = only('AWS::SQS::Queue');
    const configs = [...resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').values()];
    const sending = configs.filter(({ Properties }) => references(Properties.DestinationConfig).has(queue));
    const targets = sending.flatMap(({ Properties }) => [...references(Properties.FunctionName)]);
    const keeper = functionOf(eventFunctions[deadLetterKeeper].entry);
    const others = Object.values(eventFunctions).map(({ entry }) => functionOf(entry).id);
    expect(targets.sort()).toEqual(others.filter((id) => id !== keeper.id).sort());
    const mappings = [...resourcesOf(template, 'AWS::Lambda::EventSourceMapping').values()];
    const reading = mappings.filter(({ Properties }) => references(Properties.EventSourceArn).has(queue));
    expect(reading.map(({ Properties }) => [...references(Properties.FunctionName)])).toEqual([[keeper.id]]);
    expect(reading[0]?.Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    // A message is not handed out again while the function may still be at it.
    expect(resource.Properties.VisibilityTimeout).toBe(6 * eventFunctions[deadLetterKeeper].timeoutSeconds);
  });

  it('sign by a role that is assumed for it, and that puts only where builders and users put', () => {
    const signers = [...operationGroups, ...Object.values(orchestrationFunctions), ...Object.values(eventFunctions)]
      .filter(({ rights }) => rights.signsUrls)
      .map(({ entry }) => functionOf(entry).roleId);
    const [roleId] = Object.keys(template.Resources).filter((id) => id.startsWith('PresignRole'));
    const role = template.Resources[roleId ?? ''];
    expect([...references(role?.Properties.AssumeRolePolicyDocument)].sort()).toEqual(signers.sort());
    const puts = statementsOf(roleId ?? '').filter(({ Action }) => Action.includes('s3:PutObject'));
    const placesOf = (statements: typeof puts) =>
      JSON.stringify(statements.map(({ Resource }) => Resource))
        .match(/\/[a-z]+\/\*/g)
        ?.sort();
    expect(placesOf(puts)).toEqual(['/logs/*', '/packages/*', '/staging/*', '/uploads/*']);
    const gets = statementsOf(roleId ?? '').filter(({ Action }) => Action.includes('s3:GetObject'));
    expect(placesOf(gets)).toEqual(['/blobs/*', '/manifests/*', '/packages/*', '/uploads/*']);
    // Beginning and completing an upload in parts is PutObject too; ending one is a right of its own.
    const ends = statementsOf(roleId ?? '').filter(({ Action }) => Action.includes('s3:AbortMultipartUpload'));
    expect(ends).toHaveLength(1);
    expect(JSON.stringify(ends[0]?.Resource)).toMatch(/WorkBucket|Work[0-9A-F]+/);
    expect(JSON.stringify(ends[0]?.Resource).match(/\/[a-z]+\/\*/g)).toEqual(['/staging/*']);
  });
});

it('prints what comes next', () => {
  expect(Object.keys(template.Outputs)).toEqual(
    expect.arrayContaining(['ApiUrl', 'TableName', 'WorkBucket', 'ArtifactsBucket', 'FirstKeyCommand']),
  );
  expect(JSON.stringify(template.Outputs.FirstKeyCommand)).toContain('lbuild admin create-first-key --table ');
});
