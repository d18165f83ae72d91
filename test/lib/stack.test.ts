import { readFileSync } from 'node:fs';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventFunctions, orchestrationFunctions } from '../../core/wiring/flow-functions.ts';
import { tableSchema } from '../../core/wiring/table-schema.ts';
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
