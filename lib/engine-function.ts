import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { EnvironmentName } from '../core/wiring/environment.ts';
import { allowByWildcard } from './acknowledge.ts';
import { handlerOf } from './function-code.ts';

/** More memory is more CPU: cold starts and SHA-256 take half the time that they take with 512 MiB. */
const usualMemoryMiB = 1_024;

export interface EngineFunctionProps {
  /** Name in core/wiring; the service's name in logs, metrics and traces. */
  readonly name: string;
  /** Path of the file that binds it to Lambda, from the repository's root. */
  readonly entry: string;
  /** The code of all functions. */
  readonly code: Code;
  readonly timeoutSeconds: number;
  /** Where it needs more than is usual. */
  readonly memoryMiB?: number | undefined;
  readonly description: string;
  readonly logRetention: RetentionDays;
}

/** One Lambda of the engine with its log group and a role that may, so far, only write its own log and traces. */
export class EngineFunction extends Construct {
  readonly name: string;
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: EngineFunctionProps) {
    super(scope, id);
    this.name = props.name;
    const logGroup = new LogGroup(this, 'Logs', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `The function ${props.name} of ${Stack.of(this).stackName}`,
    });
    // The managed policy for this would allow the logs of every function in the account.
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    allowByWildcard(
      this.role,
      { actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], resources: ['*'] },
      'X-Ray takes traces without naming a resource.',
    );
    this.function = new LambdaFunction(this, 'Function', {
      code: props.code,
      handler: handlerOf(props.entry),
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMiB ?? usualMemoryMiB,
      timeout: Duration.seconds(props.timeoutSeconds),
      role: this.role,
      logGroup,
      tracing: Tracing.ACTIVE,
      environment: {
        POWERTOOLS_SERVICE_NAME: props.name,
        POWERTOOLS_METRICS_NAMESPACE: 'LinuxBuilderEngine',
        POWERTOOLS_LOG_LEVEL: 'INFO',
        NODE_OPTIONS: '--enable-source-maps',
      },
    });
  }

  /** Sets the engine's environment: every name, on every function. */
  configure(environment: Readonly<Partial<Record<EnvironmentName, string>>>): void {
    for (const [name, value] of Object.entries(environment)) this.function.addEnvironment(name, value);
  }
}
