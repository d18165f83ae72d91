import { LinuxBuilderClient } from '../sdk/client.ts';
import { reasonOf } from '../sdk/engine-error.ts';
import { type ConnectionOptions, type Credentials, locateConnection } from './connection.ts';
import { asCliFailure } from './failure.ts';

/** What was looked at, and how it is; `remedy` where something is to be done. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly detail: string;
  readonly remedy?: string;
}

/** Signed addresses of downloads and signatures of webhooks bear no clock that differs by more (five minutes). */
const mostSecondsApart = 300;
const patience = 10_000;

/**
 * Looks at all that a command needs, in the order in which it needs it, and ends where nothing further can be looked at:
 * where the engine is known from, whether it answers, whether the clocks agree, whether it takes the key.
 */
export async function checkConnection(
  options: ConnectionOptions,
  environment: NodeJS.ProcessEnv,
  folder: string,
): Promise<readonly Check[]> {
  const checks: Check[] = [{ name: 'node', state: 'ok', detail: process.versions.node }];
  let credentials: Credentials;
  try {
    const found = locateConnection(options, environment, folder);
    credentials = found.credentials;
    checks.push({ name: 'connection', state: 'ok', detail: `${credentials.url}, from ${found.from}` });
  } catch (error) {
    return [...checks, failed('connection', error)];
  }
  const client = new LinuxBuilderClient({ ...credentials, maxRetries: 0 });
  const engine = await checkEngine(client.url);
  checks.push(...engine);
  if (engine.some(({ state }) => state === 'failed')) return checks;
  checks.push(await checkKey(client));
  return checks;
}

async function checkEngine(url: string): Promise<readonly Check[]> {
  const asked = performance.now();
  let response: Response;
  try {
    response = await fetch(`${url}/v1/health/live`, { signal: AbortSignal.timeout(patience), redirect: 'error' });
    await response.arrayBuffer();
  } catch (error) {
    const remedy = 'Is the address right, and the engine up? `lbuild local status` tells of one on this machine.';
    return [{ name: 'engine', state: 'failed', detail: `does not answer: ${reasonOf(error)}`, remedy }];
  }
  if (!response.ok) {
    const detail = `answers ${response.status}, as no engine does`;
    return [{ name: 'engine', state: 'failed', detail, remedy: 'Check the address: what is there is something else.' }];
  }
  const milliseconds = Math.round(performance.now() - asked);
  return [{ name: 'engine', state: 'ok', detail: `answers in ${milliseconds} ms` }, checkClock(response)];
}

function checkClock(response: Response): Check {
  const told = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(told)) return { name: 'clock', state: 'warning', detail: 'the engine does not tell its time' };
  const apart = Math.round(Math.abs(Date.now() - told) / 1_000);
  if (apart <= mostSecondsApart) return { name: 'clock', state: 'ok', detail: `${apart} s from that of the engine` };
  const remedy = 'Set the clock (NTP): addresses of downloads and signatures of webhooks are good for minutes.';
  return { name: 'clock', state: 'warning', detail: `${apart} s from that of the engine`, remedy };
}

async function checkKey(client: LinuxBuilderClient): Promise<Check> {
  try {
    const who = await client.keys.whoAmI({ signal: AbortSignal.timeout(patience) });
    const name = `${who.member.name} of ${who.tenant.name}`;
    const builds =
      who.permissions.includes('builds:create') ||
      who.teams.some(({ permissions }) => permissions.includes('builds:create'));
    if (builds) return { name: 'key', state: 'ok', detail: `${name}, with ${who.permissions.length} permissions` };
    const remedy = 'That is enough to look; to build, ask for a role with builds:create.';
    return { name: 'key', state: 'warning', detail: `${name}, which may start no builds`, remedy };
  } catch (error) {
    return failed('key', error);
  }
}

function failed(name: string, error: unknown): Check {
  const { message, code, remedy } = asCliFailure(error);
  return { name, state: 'failed', detail: `${message}  [${code}]`, ...(remedy === '' ? {} : { remedy }) };
}
