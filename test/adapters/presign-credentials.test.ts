import { createServer } from 'node:http';
import { STSClient } from '@aws-sdk/client-sts';
import { expect, it } from 'vitest';
import { createPresignCredentials, longestPresignedSeconds } from '../../adapters/sts/presign-credentials.ts';
import type { Clock } from '../../core/ports/clock.ts';

/** The wire of STS, which speaks the query protocol. */
async function startSts(status: number, body: string) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
    request.on('end', () => {
      asked.push(text);
      response.writeHead(status, { 'content-type': 'text/xml' });
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = new STSClient({
    endpoint: `http://127.0.0.1:${address.port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
  return { asked, client, close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()) };
}

const at = 1_763_197_965_000;
const clock: Clock = { now: () => new Date(at), sleep: async () => {} };
const roleArn = 'arn:aws:iam::111122223333:role/presign';

it('assumes the role for an hour, and signs with a session in its first quarter only', async () => {
  const { asked, client, close } = await startSts(
    200,
    `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
     <SessionToken>t</SessionToken><Expiration>2025-11-15T10:12:45Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  );
  const credentials = await createPresignCredentials({ client, roleArn, clock })();
  await close();
  expect(credentials).toEqual({
    accessKeyId: 'ASIA',
    secretAccessKey: 's',
    sessionToken: 't',
    expiration: new Date(at + 900_000),
  });
  expect(Object.fromEntries(new URLSearchParams(asked[0]))).toMatchObject({
    Action: 'AssumeRole',
    RoleArn: roleArn,
    DurationSeconds: '3600',
  });
  expect(longestPresignedSeconds).toBe(2_700);
});

it('is unavailable where the role may not be assumed', async () => {
  const { client, close } = await startSts(
    403,
    '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>',
  );
  await expect(createPresignCredentials({ client, roleArn, clock })()).rejects.toMatchObject({
    code: 'service.unavailable',
  });
  await close();
});
