import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './machine.ts';

/** Milliseconds in which the machine answers a connection; emulated it takes a tenth of that. */
const answerMilliseconds = 10_000;

/** A line of QEMU's table of connections: state, our address and port, the machine's. */
const connectionLine = /TCP\[(\w+)\]\s+-?\d+\s+[\d.]+\s+(\d+)\s+[\d.]+\s+(\d+)/g;

interface Connection {
  readonly state: string;
  readonly here: number;
  readonly there: number;
}

/** QEMU's own table of what goes through the machine's network card. */
async function connections(machine: Machine, signal: AbortSignal): Promise<Connection[]> {
  const answer = await machine.qmp.ask('human-monitor-command', { 'command-line': 'info usernet' }, signal);
  return [...String(answer ?? '').matchAll(connectionLine)].map(([, state = '', here, there]) => ({
    ...{ state, here: Number(here), there: Number(there) },
  }));
}

/**
 * Whether something in the machine takes a connection to a TCP port, through its network card and its firewall. QEMU takes
 * the connection here before it asks the machine, so what its own table says of the way on is what counts.
 */
export async function takesConnection(machine: Machine, port: number, signal: AbortSignal): Promise<boolean> {
  const own = (await connections(machine, signal)).find(
    ({ state, there }) => state === 'HOST_FORWARD' && there === port,
  );
  if (own === undefined) return false;
  const socket = connect(own.here, '127.0.0.1');
  const over = AbortSignal.any([signal, AbortSignal.timeout(answerMilliseconds)]);
  let refused = false;
  let spoke = false;
  socket.on('data', () => {
    spoke = true;
  });
  socket
    .on('error', () => undefined)
    .on('close', () => {
      refused = true;
    });
  try {
    for (;;) {
      if (spoke) return true;
      const open = (await connections(machine, over)).some(
        ({ state, there }) => there === port && /^(ESTABLISHED|CLOSE_WAIT|FIN_WAIT_1|FIN_WAIT_2)$/.test(state),
      );
      if (open) return true;
      if (refused || over.aborted) return false;
      await sleep(50, undefined, { signal: over }).catch(() => undefined);
    }
  } finally {
    socket.destroy();
  }
}
