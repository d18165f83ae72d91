import { RemovalPolicy } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  type SubnetSelection,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface BuilderNetworkProps {
  /** Puts builders into private subnets behind one NAT gateway, which is billed by the hour. */
  readonly nat: boolean;
  readonly logRetention: RetentionDays;
  /** Address of the web proxy that builders go through; undefined: none. */
  readonly proxy?: string | undefined;
}

/**
 * The network of builders: nothing comes in; HTTP, HTTPS and DNS go out. A public address costs less than a NAT
 * gateway and opens nothing, since the security group has no ingress. S3 and DynamoDB are reached inside AWS.
 */
export class BuilderNetwork extends Construct {
  readonly vpc: IVpc;
  readonly securityGroup: SecurityGroup;
  readonly subnets: SubnetSelection;
  readonly assignPublicIp: 'ENABLED' | 'DISABLED';

  constructor(scope: Construct, id: string, props: BuilderNetworkProps) {
    super(scope, id);
    const publicSubnets = { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 20 };
    const privateSubnets = { name: 'builders', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 20 };
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.64.0.0/16'),
      maxAzs: 2,
      natGateways: props.nat ? 1 : 0,
      subnetConfiguration: props.nat ? [publicSubnets, privateSubnets] : [publicSubnets],
      gatewayEndpoints: {
        S3: { service: GatewayVpcEndpointAwsService.S3 },
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      },
      // The CDK would empty the default group by a custom resource, a Lambda of its own; nothing is ever put into it.
      restrictDefaultSecurityGroup: false,
    }) as IVpc;
    this.vpc.addFlowLog('FlowLog', {
      trafficType: FlowLogTrafficType.ALL,
      destination: FlowLogDestination.toCloudWatchLogs(
        new LogGroup(this, 'FlowLogs', { retention: props.logRetention, removalPolicy: RemovalPolicy.DESTROY }),
      ),
    });
    this.subnets = { subnetType: props.nat ? SubnetType.PRIVATE_WITH_EGRESS : SubnetType.PUBLIC };
    this.assignPublicIp = props.nat ? 'DISABLED' : 'ENABLED';

    this.securityGroup = new SecurityGroup(this, 'Builders', {
      vpc: this.vpc,
      description: 'Builders: no ingress; HTTP, HTTPS and DNS out',
      allowAllOutbound: false,
    });
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'The API, S3, the container registry, archives');
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(80), 'Package archives: their signatures are verified');
    if (props.proxy !== undefined) {
      const { port, protocol } = new URL(props.proxy);
      const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
      if (number !== 80 && number !== 443) {
        this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(number), 'The web proxy');
      }
    }
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.udp(53), 'DNS');
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(53), 'DNS');
  }
}
