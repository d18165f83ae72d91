import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { createDynamoDbTable } from './create-dynamodb-table.ts';

/** A running DynamoDB Local with the engine's table in it. */
export interface DynamoDbLocal {
  readonly client: DynamoDBClient;
  readonly streamsClient: DynamoDBStreamsClient;
  readonly tableName: string;
  /** Path of the UNIX socket that leads to it. */
  readonly socket: string;
  /** Process id of the namespace's supervisor: what a test of the clean-up kills. */
  readonly processId: number;
  /** Ends the server and all that belongs to it; may be called again. */
  stop(): Promise<void>;
}

/** The server's port inside its own network namespace, where nothing else listens. */
const port = 8000;
/** It starts in 3 s on an idle machine, and had not after 45 s on one with 20 busy processes on two cores. */
const startMilliseconds = 150_000;
/** Time limit of a test's hook that starts it: more than startDynamoDbLocal itself allows, so that its error is seen. */
export const dynamoDbLocalHookMilliseconds = 180_000;

/**
 * Starts DynamoDB Local, the official engine, in memory, and creates the table. It listens on all interfaces and has
 * no option against that, so it runs in a network namespace that has only a loopback of its own; the clients reach it
 * through a UNIX socket (dynamodb-local-relay.ts). Namespaces are anonymous: they vanish with their processes, which
 * end when this process does.
 *
 * @throws Error naming the Debian package where java, unshare or ip is missing, or namespaces are not allowed.
 */
export async function startDynamoDbLocal(): Promise<DynamoDbLocal> {
  requireProgram('java', ['-XX:-UsePerfData', '-version'], 'default-jre-headless');
  requireProgram('unshare', ['--version'], 'util-linux');
  requireProgram('ip', ['-Version'], 'iproute2');

  const emulator = join(
    dirname(createRequire(import.meta.url).resolve('amplify-dynamodb-simulator/package.json')),
    'emulator',
  );
  const folder = mkdtempSync(join(tmpdir(), `dynamodb-local-${process.pid}-`));
  // A PID namespace too: when its first process ends, for whatever reason, the kernel ends the others.
  const namespaces = ['--net', '--pid', '--fork', '--kill-child'];
  if (process.getuid?.() !== 0) namespaces.push('--map-root-user');
  const supervisor = spawn(
    'unshare',
    [
      ...namespaces,
      process.execPath,
      fileURLToPath(new URL('dynamodb-local-relay.ts', import.meta.url)),
      folder,
      String(port),
      'java',
      // Short runs: no second compiler, one garbage collector thread, no files under the system's temporary folder.
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-XX:-UsePerfData',
      '-Xmx512m',
      `-Djava.io.tmpdir=${folder}`,
      `-Djava.library.path=${join(emulator, 'DynamoDBLocal_lib')}`,
      '-jar',
      join(emulator, 'DynamoDBLocal.jar'),
      '-port',
      String(port),
      '-sharedDb',
      '-inMemory',
      '-disableTelemetry',
    ],
    { stdio: ['pipe', 'pipe', 'pipe'], cwd: folder, env: { PATH: process.env.PATH ?? '', HOME: folder } },
  );
  const stopSupervisor = () => stopProcess(supervisor, folder);
  try {
    await becomeReady(supervisor);
  } catch (error) {
    await stopSupervisor();
    throw error;
  }

  const socket = join(folder, 'socket');
  const agent = new UnixSocketAgent(socket);
  const configuration = {
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: { httpAgent: agent },
  };
  const client = new DynamoDBClient(configuration);
  const streamsClient = new DynamoDBStreamsClient(configuration);
  const stop = async () => {
    client.destroy();
    streamsClient.destroy();
    agent.destroy();
    await stopSupervisor();
  };
  try {
    const tableName = 'engine';
    await createDynamoDbTable(client, tableName);
    return { client, streamsClient, tableName, socket, processId: supervisor.pid ?? 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Sends every HTTP request to one UNIX socket, whatever its host. */
class UnixSocketAgent extends Agent {
  readonly #path: string;
  constructor(path: string) {
    super({ keepAlive: true, maxSockets: 50 });
    this.#path = path;
  }
  override createConnection(): ReturnType<typeof connect> {
    return connect(this.#path);
  }
}

function requireProgram(program: string, versionOption: readonly string[], debianPackage: string): void {
  const found = spawnSync(program, versionOption, { stdio: 'ignore' });
  if (found.error) {
    throw new Error(
      `DynamoDB Local needs \`${program}\`, which this machine lacks: install the Debian package ${debianPackage}`,
    );
  }
}

async function becomeReady(supervisor: ChildProcess): Promise<void> {
  let messages = '';
  supervisor.stderr?.on('data', (chunk: Buffer) => {
    messages = (messages + chunk.toString()).slice(-4000);
  });
  const failed = once(supervisor, 'close').then(() => {
    throw new Error(
      `DynamoDB Local did not start in a network namespace of its own (run as root, or allow user namespaces): ${messages.trim()}`,
    );
  });
  const late = sleep(startMilliseconds, undefined, { ref: false }).then(() => {
    throw new Error(`DynamoDB Local did not answer within ${startMilliseconds / 1000} s: ${messages.trim()}`);
  });
  const ready = supervisor.stdout === null ? failed : once(supervisor.stdout, 'data');
  await Promise.race([ready, failed, late]);
  for (const unused of [failed, late]) unused.catch(() => undefined);
}

async function stopProcess(supervisor: ChildProcess, folder: string): Promise<void> {
  if (supervisor.pid !== undefined && supervisor.exitCode === null && supervisor.signalCode === null) {
    const closed = once(supervisor, 'close');
    supervisor.stdin?.end();
    // It ends itself when its standard input closes; where it does not, force.
    const force = setTimeout(() => supervisor.kill('SIGKILL'), 3000);
    await closed;
    clearTimeout(force);
  }
  rmSync(folder, { recursive: true, force: true });
}
