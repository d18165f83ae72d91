import { spawn, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/*
 * Runs inside a network namespace of its own: brings its loopback up, starts the command given (a server that cannot
 * be told to listen on loopback only), and passes connections from a UNIX socket to it. A UNIX socket with a path
 * belongs to the file system, not to the network namespace, so it is the one way in, and no port of the machine is
 * ever open.
 *
 * Arguments: FOLDER PORT COMMAND [ARGUMENT...]. FOLDER holds the socket and is removed at the end. Prints `ready` when
 * the server answers. Ends, with the server, when standard input closes: also when the parent was killed.
 */
const [folder, portText, command, ...commandArguments] = process.argv.slice(2);
if (folder === undefined || portText === undefined || command === undefined) {
  throw new Error('usage: dynamodb-local-relay FOLDER PORT COMMAND [ARGUMENT...]');
}
const port = Number(portText);

const loopback = spawnSync('ip', ['link', 'set', 'lo', 'up'], { stdio: ['ignore', 'inherit', 'inherit'] });
if (loopback.error || loopback.status !== 0) {
  console.error('ip link set lo up failed: the Debian package iproute2 is needed');
  process.exit(1);
}

const server = spawn(command, commandArguments, { stdio: ['ignore', 'ignore', 'inherit'] });
const relay = createServer((near) => {
  const far = connect(port, '127.0.0.1');
  near.setNoDelay?.(true);
  far.setNoDelay(true);
  near.pipe(far).pipe(near);
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
  near.on('close', () => far.destroy());
  far.on('close', () => near.destroy());
});

function end(exitCode: number): void {
  server.kill('SIGKILL');
  relay.close();
  rmSync(folder ?? '', { recursive: true, force: true });
  process.exit(exitCode);
}
process.stdin.resume();
process.stdin.on('end', () => end(0));
process.stdin.on('error', () => end(0));
server.on('error', (error) => {
  console.error(`${command}: ${error.message}`);
  end(1);
});
server.on('exit', (code, signal) => {
  console.error(`${command} ended: ${code ?? signal}`);
  end(1);
});

async function answers(): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1');
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}
while (!(await answers())) await sleep(50);
relay.listen(`${folder}/socket`, () => console.log('ready'));
