import { Duration } from 'aws-cdk-lib';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { outboxKey } from '../../core/builds/keys.ts';
import { outputTypes } from '../../core/spec/releases.ts';
import { deadLetterKeeper, eventRules, outboxStream, schedules } from '../../core/wiring/event-rules.ts';
import { eventFunctions, orchestrationFunctions } from '../../core/wiring/flow-functions.ts';
import { operationGroups } from '../../core/wiring/operation-groups.ts';
import { requiredNames } from '../../functions/shared/aws/environment.ts';
import { functionsOf, references, resourcesOf, statementsOfRole, synthesize } from './template.ts';

const { template } = synthesize();

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
      JSON.stringify(statement).includes(
        '"dynamodb:LeadingKeys":["KEYUSE#*","AUDITPENDING#*","RATE#*","USAGE#*","USAGESUM#*"]',
      ),
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
    for (const rule of eventRules) {
      const found = rules.find(({ Properties }) => Properties.Description === rule.name);
      expect(references(found?.Properties.Targets)).toContain(functionOf(eventFunctions[rule.target].entry).id);
    }
    const scheduled = rules.filter(({ Properties }) => Properties.ScheduleExpression !== undefined);
    expect(rules).toHaveLength(eventRules.length + scheduled.length + 1);
    let count = 0;
    for (const { Properties } of scheduled) {
      const targets = z.array(z.unknown()).parse(Properties.Targets);
      const names = z.string().parse(Properties.Description).split(', ');
      // EventBridge takes five targets a rule.
      expect([targets.length <= 5, names.length]).toEqual([true, targets.length]);
      for (const [index, name] of names.entries()) {
        const schedule = schedules.find((one) => one.name === name);
        if (schedule === undefined) throw new Error(`no schedule is called ${name}`);
        expect(Properties.ScheduleExpression).toBe(
          Schedule.rate(Duration.minutes(schedule.everyMinutes)).expressionString,
        );
        expect(references(targets[index])).toContain(functionOf(eventFunctions[schedule.target].entry).id);
        count += 1;
      }
    }
    expect(count).toBe(schedules.length);
    for (const { Properties } of rules) {
      for (const target of z.array(z.unknown()).parse(Properties.Targets)) {
        expect(JSON.stringify(target)).toContain('DeadLetterConfig');
      }
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
