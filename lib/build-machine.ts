import { readFileSync } from 'node:fs';
import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { orchestrationFunctions } from '../core/wiring/flow-functions.ts';
import { acknowledge } from './acknowledge.ts';
import type { BuilderNetwork } from './builder-network.ts';
import type { BuilderPool } from './builder-pool.ts';
import type { EngineFunction } from './engine-function.ts';

/** The states that AWS and local/ execute alike. */
const definitionFile = new URL('build.asl.json', import.meta.url);

/** Name and ARNs of a stack's state machine, known before it is made: functions name it and it names functions. */
export function machineNames(scope: Construct): { name: string; arn: string; executionsArn: string } {
  const stack = Stack.of(scope);
  const name = `${stack.stackName}-build`;
  const arn = (resource: string, resourceName: string): string =>
    stack.formatArn({ service: 'states', resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  return { name, arn: arn('stateMachine', name), executionsArn: arn('execution', `${name}:*`) };
}

export interface BuildMachineProps {
  readonly functions: Readonly<Record<keyof typeof orchestrationFunctions, EngineFunction>>;
  readonly pool: BuilderPool;
  readonly network: BuilderNetwork;
  readonly capacity: 'fargate' | 'managed-instances';
  readonly logRetention: RetentionDays;
}

/** The build state machine: build.asl.json, what each of its substitutions stands for, and the right to use that. */
export class BuildMachine extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, props: BuildMachineProps) {
    super(scope, id);
    const { pool, network } = props;
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com'),
      description: 'The build state machine',
    });
    const functions = Object.entries(props.functions);
    for (const [, target] of functions) {
      role.addToPolicy(
        new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [target.function.functionArn] }),
      );
    }
    pool.grantRun(role);
    this.machine = new StateMachine(this, 'Machine', {
      stateMachineName: machineNames(this).name,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromString(definitionFor(props.capacity)),
      definitionSubstitutions: {
        ...Object.fromEntries(functions.map(([name, target]) => [name, target.function.functionArn])),
        Cluster: pool.cluster.clusterArn,
        TaskDefinition: pool.family,
        CapacityProvider: pool.capacityProvider,
        SpotCapacityProvider: pool.spotCapacityProvider,
        Subnets: network.vpc.selectSubnets(network.subnets).subnetIds.join(','),
        SecurityGroups: network.securityGroup.securityGroupId,
        AssignPublicIp: network.assignPublicIp,
      },
      role,
      tracingEnabled: true,
      logs: {
        level: LogLevel.ALL,
        // Inputs hold a manifest's presigned URL: a log is no place for it.
        includeExecutionData: false,
        destination: new LogGroup(this, 'Logs', {
          logGroupName: `/aws/vendedlogs/states/${machineNames(this).name}`,
          retention: props.logRetention,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      },
    });
    acknowledge(role, {
      'AwsSolutions-IAM5[Resource::*]':
        'Log delivery and X-Ray know no resources; the CDK adds what Step Functions documents for both.',
    });
  }
}

/**
 * The definition for a kind of capacity. On Managed Instances the disk belongs to the instance, and each builder gets
 * an instance of its own: they are privileged, and a host is no boundary between two of them.
 */
function definitionFor(capacity: BuildMachineProps['capacity']): string {
  const text = readFileSync(definitionFile, 'utf8');
  if (capacity === 'fargate') return text;
  const definition: unknown = JSON.parse(text, (name: string, value: unknown): unknown => {
    if (name === 'EphemeralStorage') return undefined;
    const runsTask = name === 'Arguments' && typeof value === 'object' && value !== null && 'TaskDefinition' in value;
    return runsTask ? { ...value, PlacementConstraints: [{ Type: 'distinctInstance' }] } : value;
  });
  return JSON.stringify(definition, undefined, 2);
}
