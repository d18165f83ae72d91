import { ArnFormat, Aws, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import {
  CfnCapacityProvider,
  CfnTaskDefinition,
  Cluster,
  ContainerInsights,
  ManagedInstancesCapacityProvider,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge, allowByWildcard } from './acknowledge.ts';
import type { BuilderImage } from './builder-image.ts';
import type { BuilderNetwork } from './builder-network.ts';

/** Size of a builder where an attempt does not ask for another: a pair that Fargate knows. */
const usual = { cpu: '2048', memory: '4096', diskGiB: 40 } as const;
/** Time between SIGTERM and SIGKILL, the longest that ECS gives: the agent uploads its last log in it. */
const stopTimeoutSeconds = 120;
/** Why a policy names tasks by a wildcard. */
const taskNames = 'ECS names tasks as it starts them; all are of the one cluster, which runs builders only.';
/** What the largest attempt needs of a managed instance: builder, layers and exports on one disk. */
const managedInstance = { vcpusMinimum: 2, vcpusMaximum: 16, memoryMinimum: 4, diskGiB: 200 } as const;

export interface BuilderPoolProps {
  readonly network: BuilderNetwork;
  readonly image: BuilderImage;
  readonly architecture: 'amd64' | 'arm64';
  readonly capacity: 'fargate' | 'managed-instances';
  readonly logRetention: RetentionDays;
  /** Environment that tells of the web proxy; nothing where there is none. */
  readonly proxy: Readonly<Partial<Record<string, string>>>;
}

/**
 * What runs builders: a cluster and a family of task definitions. The definition has no task role: whatever runs in a
 * builder finds no AWS credentials, and reaches the engine with its ticket alone. The execution role, which ECS itself
 * uses, pulls the image and opens the log.
 */
export class BuilderPool extends Construct {
  readonly cluster: Cluster;
  readonly family: string;
  readonly capacityProvider: string;
  /** What runs builders at a lower price until it is taken away; where there is no such, the other one. */
  readonly spotCapacityProvider: string;
  readonly executionRole: Role;

  constructor(scope: Construct, id: string, props: BuilderPoolProps) {
    super(scope, id);
    const managed = props.capacity === 'managed-instances';
    this.cluster = new Cluster(this, 'Cluster', {
      vpc: props.network.vpc,
      enableFargateCapacityProviders: !managed,
      containerInsightsV2: ContainerInsights.ENABLED,
    });
    this.capacityProvider = managed ? this.addManagedInstances(props) : 'FARGATE';
    this.spotCapacityProvider = managed ? this.capacityProvider : 'FARGATE_SPOT';

    const logs = new LogGroup(this, 'Logs', { retention: props.logRetention, removalPolicy: RemovalPolicy.DESTROY });
    this.executionRole = new Role(this, 'ExecutionRole', {
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
      description: 'ECS itself: pulls the image of builders and writes their logs. No task gets it.',
    });
    props.image.grantPull(this.executionRole);
    this.executionRole.addToPolicy(
      new PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logs.logGroupArn] }),
    );
    acknowledge(this.executionRole, {
      'AwsSolutions-IAM5[Resource::*]': 'ecr:GetAuthorizationToken, which a pull begins with, knows no resources.',
    });

    this.family = `${Stack.of(this).stackName}-builder`;
    const definition = new CfnTaskDefinition(this, 'TaskDefinition', {
      family: this.family,
      requiresCompatibilities: [managed ? 'MANAGED_INSTANCES' : 'FARGATE'],
      networkMode: 'awsvpc',
      cpu: usual.cpu,
      memory: usual.memory,
      runtimePlatform: {
        operatingSystemFamily: 'LINUX',
        cpuArchitecture: props.architecture === 'arm64' ? 'ARM64' : 'X86_64',
      },
      executionRoleArn: this.executionRole.roleArn,
      ...(managed ? {} : { ephemeralStorage: { sizeInGiB: usual.diskGiB } }),
      containerDefinitions: [
        {
          name: 'builder',
          image: props.image.uri,
          essential: true,
          privileged: managed,
          environment: [
            { name: 'LBUILD_MODE', value: managed ? 'privileged' : 'contained' },
            ...Object.entries(props.proxy).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
          ],
          stopTimeout: stopTimeoutSeconds,
          // PID 1 is then an init that ends the agent's orphans with it.
          linuxParameters: { initProcessEnabled: true },
          logConfiguration: {
            logDriver: 'awslogs',
            options: {
              'awslogs-group': logs.logGroupName,
              'awslogs-region': Aws.REGION,
              'awslogs-stream-prefix': 'builder',
            },
          },
        },
      ],
    });
    acknowledge(definition, { 'AwsSolutions-ECS2': 'Mode and proxy are no secrets, and the same for every task.' });
    definition.node.addDependency(this.executionRole);
  }

  /**
   * Lets the state machine run builders. Any revision of the family: an execution that is under way keeps its rights
   * when a deployment makes a new one.
   */
  grantRun(role: Role): void {
    const stack = Stack.of(this);
    allowByWildcard(
      role,
      {
        sid: 'RunBuilders',
        actions: ['ecs:RunTask'],
        resources: [stack.formatArn({ service: 'ecs', resource: 'task-definition', resourceName: `${this.family}:*` })],
        conditions: { ArnEquals: { 'ecs:cluster': this.cluster.clusterArn } },
      },
      'Any revision of the one family: an execution under way outlives a deployment.',
    );
    allowByWildcard(
      role,
      {
        sid: 'FollowBuilders',
        actions: ['ecs:StopTask', 'ecs:DescribeTasks'],
        resources: [this.tasksArn()],
      },
      taskNames,
    );
    allowByWildcard(
      role,
      {
        sid: 'TagBuilders',
        actions: ['ecs:TagResource'],
        resources: [this.tasksArn()],
        conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
      },
      taskNames,
    );
    role.addToPolicy(
      new PolicyStatement({
        sid: 'PassExecutionRole',
        actions: ['iam:PassRole'],
        resources: [this.executionRole.roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      }),
    );
    // `.sync` learns of a task's end by this rule, which Step Functions manages.
    role.addToPolicy(
      new PolicyStatement({
        sid: 'FollowBuildersByEvents',
        actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
        resources: [
          stack.formatArn({
            service: 'events',
            resource: 'rule',
            resourceName: 'StepFunctionsGetEventsForECSTaskRule',
          }),
        ],
      }),
    );
  }

  /** Lets a function list and stop the cluster's tasks. */
  grantStop(role: Role): void {
    allowByWildcard(role, { actions: ['ecs:StopTask', 'ecs:DescribeTasks'], resources: [this.tasksArn()] }, taskNames);
    allowByWildcard(
      role,
      {
        actions: ['ecs:ListTasks'],
        resources: ['*'],
        conditions: { ArnEquals: { 'ecs:cluster': this.cluster.clusterArn } },
      },
      'ecs:ListTasks by family knows no resource; the condition holds it to the one cluster.',
    );
  }

  private tasksArn(): string {
    return Stack.of(this).formatArn({
      service: 'ecs',
      resource: 'task',
      resourceName: `${this.cluster.clusterName}/*`,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  }

  /**
   * Privileged builders on instances that AWS runs. An instance is given back as soon as it is idle, so that the next
   * build finds a fresh one; the state machine asks for an instance of its own for each task (build-machine.ts).
   */
  private addManagedInstances(props: BuilderPoolProps): string {
    const provider = new ManagedInstancesCapacityProvider(this, 'ManagedInstances', {
      subnets: props.network.vpc.selectSubnets({ subnetType: SubnetType.PRIVATE_WITH_EGRESS }).subnets,
      securityGroups: [props.network.securityGroup],
      taskVolumeStorage: Size.gibibytes(managedInstance.diskGiB),
      instanceRequirements: {
        vCpuCountMin: managedInstance.vcpusMinimum,
        vCpuCountMax: managedInstance.vcpusMaximum,
        memoryMin: Size.gibibytes(managedInstance.memoryMinimum),
      },
    });
    this.cluster.addManagedInstancesCapacityProvider(provider);
    if (provider.node.defaultChild instanceof CfnCapacityProvider) {
      provider.node.defaultChild.addPropertyOverride('ManagedInstancesProvider.InfrastructureOptimization', {
        ScaleInAfter: 0,
      });
    }
    return provider.capacityProviderName;
  }
}
