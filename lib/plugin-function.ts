import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  type Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  TenancyConfig,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { EnvironmentName } from '../core/wiring/environment.ts';
import { pluginFunction } from '../core/wiring/flow-functions.ts';
import { handlerOf } from './function-code.ts';

export interface PluginFunctionProps {
  readonly code: Code;
  readonly logRetention: RetentionDays;
  /** The proxy that what plugins fetch goes by, if any: all of its environment. */
  readonly proxy: Readonly<Partial<Record<EnvironmentName, string>>>;
  /** Runs at once, taken from the account's concurrency and kept for them; absent: as many as the account has left. */
  readonly mostAtOnce: number | undefined;
}

/**
 * Runs plugins of tenants, each tenant's on machines of its own (Lambda's tenant isolation). Its role may write its log and
 * nothing else; it is in no network of the engine, and its environment names nothing of it.
 */
export class PluginFunction extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, { code, logRetention, proxy, mostAtOnce }: PluginFunctionProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Logs', { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Plugins of ${Stack.of(this).stackName}: nothing but their log`,
    });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    this.function = new LambdaFunction(this, 'Function', {
      ...{ code, role, logGroup, handler: handlerOf(pluginFunction.entry) },
      description: 'Runs a plugin of a tenant, without any rights',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: pluginFunction.memoryMiB,
      timeout: Duration.seconds(pluginFunction.timeoutSeconds),
      tenancyConfig: TenancyConfig.PER_TENANT,
      // With it, Lambda writes to each line whose machine it was.
      loggingFormat: LoggingFormat.JSON,
      ...(mostAtOnce === undefined ? {} : { reservedConcurrentExecutions: mostAtOnce }),
      environment: { ...proxy },
    });
  }
}
