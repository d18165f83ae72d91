import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { type IRole, Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { accessRecordPrefixes, type GroupRights } from '../core/wiring/operation-groups.ts';
import { tableSchema } from '../core/wiring/table-schema.ts';
import { allowByWildcard } from './acknowledge.ts';
import type { BlobBuckets } from './blob-buckets.ts';
import type { BuilderPool } from './builder-pool.ts';
import type { EngineFunction } from './engine-function.ts';
import type { SecretKey } from './secret-key.ts';
import type { SigningKey } from './signing-key.ts';

/** Rights of core/wiring, as groups of operations and functions of the flow have them. */
export type Rights = GroupRights & {
  readonly sendsTokens?: boolean;
  readonly publishes?: boolean;
  readonly exportsAudit?: boolean;
};

export interface GrantedThings {
  readonly table: Table;
  readonly buckets: BlobBuckets;
  readonly pool: BuilderPool;
  readonly bus: EventBus;
  readonly stateMachineArn: string;
  /** Executions of the state machine, any name. */
  readonly executionsArn: string;
  readonly presignRole: IRole;
  readonly signingKey: SigningKey;
  readonly secretKey: SecretKey;
  readonly auditBucket: Bucket;
  readonly pluginFunctionArn: string;
}

const tableReads = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'];
const tableWrites = [
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:BatchWriteItem',
  'dynamodb:ConditionCheckItem',
];
const blobReads = ['s3:GetObject'];
const blobWrites = ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'];

/** Who signs names the key in what is signed. */
const signingActions = { read: ['kms:GetPublicKey'], sign: ['kms:GetPublicKey', 'kms:Sign'] };

/** Who stores a secret cannot read one. */
const sealingActions = { seal: ['kms:Encrypt'], open: ['kms:Decrypt'] };

/** Gives a function exactly the rights that core/wiring declares for it. */
export function grantRights(target: EngineFunction, rights: Rights, things: GrantedThings): void {
  const { role } = target;
  const allow = (actions: string[], resources: string[]): void => {
    role.addToPolicy(new PolicyStatement({ actions, resources }));
  };
  if (rights.table !== 'none') {
    const { tableArn } = things.table;
    allow(rights.table === 'write' ? [...tableReads, ...tableWrites] : tableReads, [tableArn]);
    allow(
      ['dynamodb:Query'],
      Object.values(tableSchema.indexes).map((index) => `${tableArn}/index/${index.name}`),
    );
  }
  if (rights.table === 'read' && rights.recordsAccess === true) {
    role.addToPolicy(
      new PolicyStatement({
        // What the adapter sends for a put, alone or in a transaction.
        actions: ['dynamodb:UpdateItem'],
        resources: [things.table.tableArn],
        conditions: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': accessRecordPrefixes.map((prefix) => `${prefix}*`) },
        },
      }),
    );
  }
  if (rights.blobs !== 'none') {
    const { work, artifacts } = things.buckets;
    allowByWildcard(
      role,
      {
        actions:
          rights.blobs === 'write' && rights.writesUnder === undefined ? [...blobReads, ...blobWrites] : blobReads,
        resources:
          rights.readsUnder === undefined
            ? [work.arnForObjects('*'), artifacts.arnForObjects('*')]
            : [work.arnForObjects(`${rights.readsUnder}*`)],
      },
      'Objects are named by ids and digests that no policy can foretell.',
    );
    if (rights.blobs === 'write' && rights.writesUnder !== undefined) {
      allowByWildcard(
        role,
        { actions: blobWrites, resources: [work.arnForObjects(`${rights.writesUnder}*`)] },
        'Objects are named by tenants and digests that no policy can foretell.',
      );
    }
    // Without it S3 answers 403 where an object is missing, and a missing one could not be told from a refusal.
    allow(['s3:ListBucket'], [work.bucketArn, artifacts.bucketArn]);
  }
  if (rights.signsUrls) allow(['sts:AssumeRole'], [things.presignRole.roleArn]);
  if (rights.startsFlow) {
    allow(['states:StartExecution'], [things.stateMachineArn]);
    allowByWildcard(
      role,
      { actions: ['states:DescribeExecution'], resources: [things.executionsArn] },
      'An execution is named by its build.',
    );
  }
  if (rights.stopsFlow) {
    allowByWildcard(
      role,
      { actions: ['states:StopExecution'], resources: [things.executionsArn] },
      'An execution is named by its build.',
    );
  }
  if (rights.runsPlugins === true) allow(['lambda:InvokeFunction'], [things.pluginFunctionArn]);
  if (rights.stopsTasks) things.pool.grantStop(role);
  if (rights.signingKey !== undefined) allow(signingActions[rights.signingKey], [things.signingKey.arn]);
  if (rights.secretKey !== undefined) {
    const { secretsUnder } = rights;
    role.addToPolicy(
      new PolicyStatement({
        actions: sealingActions[rights.secretKey],
        resources: [things.secretKey.arn],
        // The name that a secret is sealed for is part of what KMS authenticates (adapters/kms/kms-vault.ts).
        ...(secretsUnder === undefined
          ? {}
          : { conditions: { StringLike: { 'kms:EncryptionContext:secret': `${secretsUnder}*` } } }),
      }),
    );
  }
  if (rights.exportsAudit === true) {
    allowByWildcard(
      role,
      { actions: ['s3:PutObject'], resources: [things.auditBucket.arnForObjects('*')] },
      'Files are named by tenants and hashes that no policy can foretell.',
    );
    allow(['s3:ListBucket'], [things.auditBucket.bucketArn]);
  }
  if (rights.publishes === true) allow(['events:PutEvents'], [things.bus.eventBusArn]);
  if (rights.sendsTokens === true) allowTokens(target, things.stateMachineArn);
}

/**
 * Answering the state machine's waiting tasks is a policy of its own: it names the machine that names the function, and
 * so stands outside the policy on which the function itself depends.
 */
function allowTokens(target: EngineFunction, stateMachineArn: string): void {
  new Policy(target, 'SendTasks', {
    roles: [target.role],
    statements: [
      new PolicyStatement({
        actions: ['states:SendTaskSuccess', 'states:SendTaskFailure', 'states:SendTaskHeartbeat'],
        resources: [stateMachineArn],
      }),
    ],
  });
}
