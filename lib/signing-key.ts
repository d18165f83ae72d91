import { RemovalPolicy } from 'aws-cdk-lib';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

/**
 * The key that signs the evidence of builds. It outlives the stack: signatures must be verified as long as images are
 * used. KMS rotates no asymmetric key; a new one is a new public key to trust.
 */
export class SigningKey extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const key = new Key(this, 'Key', {
      description: 'Signs the evidence of builds of the Linux Builder Engine',
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.arn = key.keyArn;
  }
}
