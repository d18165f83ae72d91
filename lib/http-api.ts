import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  CorsHttpMethod,
  type CorsPreflightOptions,
  HttpApi,
  HttpMethod,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { corsPolicy } from '../core/wiring/cors.ts';
import { acknowledge } from './acknowledge.ts';
import type { EngineFunction } from './engine-function.ts';

/** Requests a second over all tenants, before any function runs; tenants' own limits are the engine's. */
const throttle = { rateLimit: 200, burstLimit: 400 } as const;

/** The gateway answers preflights itself, and lets pages of these origins read what the functions answer. */
const corsOf = (origins: readonly string[]): CorsPreflightOptions => ({
  allowOrigins: [...origins],
  allowMethods: corsPolicy.methods.map((method) => CorsHttpMethod[method]),
  allowHeaders: [...corsPolicy.requestHeaders],
  exposeHeaders: [...corsPolicy.exposedHeaders],
  maxAge: Duration.seconds(corsPolicy.maxAgeSeconds),
});

export interface HttpApiFrontProps {
  readonly logRetention: RetentionDays;
  /** Origins whose pages may call the API; undefined: none. */
  readonly origins: readonly string[] | undefined;
}

/** The HTTP API: one greedy route a path prefix. Who may do what is decided behind it, from one list of operations. */
export class HttpApiFront extends Construct {
  readonly api: HttpApi;
  /** Address of the API without a trailing slash. */
  readonly url: string;
  readonly #integrations = new Map<EngineFunction, HttpLambdaIntegration>();

  constructor(scope: Construct, id: string, props: HttpApiFrontProps) {
    super(scope, id);
    this.api = new HttpApi(this, 'Api', {
      description: 'The API of the Linux Builder Engine',
      createDefaultStage: false,
      ...(props.origins === undefined ? {} : { corsPreflight: corsOf(props.origins) }),
    });
    this.url = this.api.apiEndpoint;
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle,
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          new LogGroup(this, 'AccessLogs', { retention: props.logRetention, removalPolicy: RemovalPolicy.DESTROY }),
        ),
      },
    });
    acknowledge(this, {
      'AwsSolutions-APIG4':
        'The router authenticates and authorises each operation by its declaration: API keys, builders’ tickets, or nobody for health and the API’s description.',
    });
  }

  /** Sends a path prefix, and all below it, to a function. */
  route(prefix: string, target: EngineFunction): void {
    const integration = this.#integrationOf(target);
    for (const path of [prefix, `${prefix}/{proxy+}`]) {
      this.api.addRoutes({ path, methods: [HttpMethod.ANY], integration });
    }
  }

  /** One integration and one permission a function, not a route: a stack holds at most 500 resources. */
  #integrationOf(target: EngineFunction): HttpLambdaIntegration {
    const known = this.#integrations.get(target);
    if (known !== undefined) return known;
    const made = new HttpLambdaIntegration(target.name, target.function, { scopePermissionToRoute: false });
    this.#integrations.set(target, made);
    return made;
  }
}
