import { type DynamoDbLocal, startDynamoDbLocal } from '../../../support/dynamodb-local.ts';
import { reachByPort } from '../../../support/dynamodb-local-port.ts';
import { project } from '../../../support/engine.ts';
import type { Loopback } from '../../../support/loopback.ts';
import { openServiceQuotas } from '../../../support/service-quotas.ts';
import type { Desk } from '../desk.ts';
import type { Found, Scene } from '../scene.ts';

interface Account {
  readonly dynamo: DynamoDbLocal;
  readonly port: Loopback;
  readonly quotas: Loopback;
}

/** What there is of an AWS account here: DynamoDB Local, and answers of Service Quotas. */
const account = (desk: Desk): Promise<Account> =>
  desk.once('account', async () => {
    const dynamo = await startDynamoDbLocal();
    // Lambda's concurrent executions and Fargate's vCPUs on demand.
    const quotas = await openServiceQuotas({ 'L-B99A9384': 1_000, 'L-3032A538': 64 });
    return { dynamo, quotas, port: await reachByPort(dynamo) };
  });

/** Ends what the account is made of. */
export async function closeAccount(desk: Desk): Promise<void> {
  const { dynamo, quotas, port } = await account(desk);
  await port.close();
  await Promise.all([dynamo.stop(), quotas.close()]);
}

export const tableOfAccount = async (desk: Desk): Promise<string> => (await account(desk)).dynamo.tableName;

const environment: Readonly<Record<string, Found<Desk>>> = {
  ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' },
  AWS_ENDPOINT_URL_DYNAMODB: async (desk) => (await account(desk)).port.url,
  AWS_ENDPOINT_URL_SERVICE_QUOTAS: async (desk) => (await account(desk)).quotas.url,
};

/** What commands that ask AWS itself are run with. */
export const awsEnvironment = { 'npx lbuild doctor': environment, 'npx lbuild admin': environment };

export const deploymentScene: Scene = {
  document: 'docs/DEPLOYMENT.md',
  names: { REGION: 'us-east-1', TABLE: tableOfAccount, NAME: 'acme', URL: ({ url }) => url },
  before: { 'scripts/': (desk) => desk.prepare(`ln -sfn '${project}/scripts' scripts`) },
  input: { 'read -rs': 'lbk_as_it_was_printed\n' },
  environment: awsEnvironment,
  says: {
    'scripts/quick-curl-test.sh': /ok/,
    'npx lbuild doctor': /builds at once: +32 /,
    'npx lbuild admin create-first-key': /^lbk_/,
  },
  left: ['npm ci', 'npx cdk', 'scripts/test-build-lifecycle.sh'],
  after: closeAccount,
};
