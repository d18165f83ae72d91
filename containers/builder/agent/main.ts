import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Manifest, manifestSchema } from '../../../core/builds/manifest.ts';
import { noProxySchema, proxyOf, proxySchema, proxySecrets, type WebProxy } from '../../../core/wiring/proxy.ts';
import { stepPrograms } from '../programs/registry.ts';
import { StepError } from '../step-error.ts';
import { archiveFetch } from './archive-fetch.ts';
import { openExchange, TicketRefused } from './exchange-client.ts';
import { Heartbeat } from './heartbeat.ts';
import { AttemptLog } from './log.ts';
import { exchangeCache, folderCache } from './package-cache.ts';
import { openPackageStore } from './package-store.ts';
import { assertOwnNamespace } from './processes.ts';
import { withRetries } from './retry.ts';
import { runStage } from './stage.ts';
import { stepSecrets } from './step-secrets.ts';
import { Store } from './store.ts';
import { WarmTree } from './warm-tree.ts';
import { usualWorkFolder } from './work-folder.ts';

/**
 * Exit codes beside 0, which says that a result was written and stands. `refused`: the result says what is damaged of
 * that which the stage was to work on. 143 is what a shell shows for SIGTERM.
 */
const exitCodes = { refused: 65, unexpected: 70, noManifest: 66, ticketRefused: 77, terminated: 143 } as const;
const manifestMilliseconds = 20_000;
/** How long a stage that is done waits for new packages to go up to the cache: what is late is fetched anew. */
const keepMilliseconds = 20_000;

/** The stage was told to end by a signal: no result is written. */
class Terminated extends Error {}

/** Takes a setting out of the environment, so that no child inherits it. */
function takeSetting(name: string): string | undefined {
  const value = process.env[name];
  delete process.env[name];
  return value === '' ? undefined : value;
}

async function fetchManifest(url: string, signal: AbortSignal): Promise<Manifest> {
  const random = Math.random;
  return withRetries(
    async () => {
      const response = await fetch(url, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(manifestMilliseconds)]),
      });
      if (response.status >= 500) throw new Error(`the store answered ${response.status}`);
      if (!response.ok) throw new TypeError(`the store answered ${response.status}`);
      return manifestSchema.parse(await response.json());
    },
    (error) => !(error instanceof TypeError && error.cause === undefined),
    { signal, random },
  );
}

interface Call {
  /** The manifest's address; undefined where there is none. */
  readonly url: string | undefined;
  readonly warm?: WarmTree | undefined;
  /** The web proxy of archives and scripts. */
  readonly proxy?: WebProxy | undefined;
}

/**
 * What to build: the setting, or where that is `-` what standard input says, for which the agent waits with everything
 * loaded. Its last line is the manifest's address; lines before it, each a word and JSON, say through which `proxy` to
 * work, and what to make ready meanwhile: `warm`.
 */
async function readCall(folders: { readonly work: string; readonly inputs: string }): Promise<Call> {
  const setting = takeSetting('LBUILD_MANIFEST_URL');
  const [proxyUrl, noProxy] = [takeSetting('LBUILD_PROXY'), takeSetting('LBUILD_NO_PROXY')];
  let proxy = proxyOf(proxyUrl, noProxySchema.optional().parse(noProxy));
  if (setting !== '-') return { url: setting, proxy };
  let warm: WarmTree | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.startsWith('warm ')) {
      warm ??= WarmTree.begin(line.slice(5), folders);
      // A stage does without; the engine shows what stands here where the task ends badly.
      if (warm === undefined) console.error('what to make ready is not of the form that this agent knows');
    } else if (line.startsWith('proxy ')) proxy = proxySchema.parse(JSON.parse(line.slice(6)));
    else if (line.trim() !== '') return { url: line.trim(), warm, proxy };
  }
  return { url: undefined };
}

/** Runs the stage that the environment names and answers the exit code. */
async function main(): Promise<number> {
  const mode = takeSetting('LBUILD_MODE') === 'privileged' ? 'privileged' : 'contained';
  const folders = {
    work: takeSetting('LBUILD_WORK') ?? usualWorkFolder,
    inputs: takeSetting('LBUILD_INPUTS') ?? '/inputs',
    outputs: takeSetting('LBUILD_OUTPUT_FOLDER'),
  };
  const packageFolder = takeSetting('LBUILD_PACKAGE_CACHE');
  assertOwnNamespace();
  const { url, warm, proxy } = await readCall(folders);
  const began = performance.now();
  const elapsed = () => performance.now() - began;
  const ending = new AbortController();
  process.once('SIGTERM', () => ending.abort(new Terminated('the task is being stopped')));
  if (url === undefined) {
    console.error('LBUILD_MANIFEST_URL is not set: it is the address of the manifest to build from');
    return exitCodes.noManifest;
  }
  const manifest = await fetchManifest(url, ending.signal).catch((error: unknown) => {
    // The address is signed: it is not repeated here.
    console.error(`the manifest cannot be read: ${error instanceof Error ? error.name : 'unknown'}`);
    return undefined;
  });
  if (manifest === undefined) return ending.signal.aborted ? exitCodes.terminated : exitCodes.noManifest;

  const random = Math.random;
  const transfers = new AbortController();
  const exchange = openExchange({
    url: manifest.exchangeUrl,
    ticket: manifest.ticket,
    signal: transfers.signal,
    random,
  });
  const cache =
    packageFolder === undefined
      ? exchangeCache({ exchange, folder: join(folders.work, 'kept'), signal: transfers.signal })
      : folderCache(packageFolder);
  const log = new AttemptLog(manifest.limits.logBytes, elapsed);
  // Scripts with network are told of it.
  for (const secret of proxySecrets(proxy)) log.hide(secret);
  const archiveFiles = openPackageStore({
    ...{ cache, signal: ending.signal, random, now: () => new Date() },
    fetch: archiveFetch({ manifest, proxy, secretOf: stepSecrets(exchange, log) }),
    // Beside a tenant's code nothing is kept for others.
    keeps: manifest.steps.every((step) => step.trust !== 'tenant'),
  });
  const heartbeat = new Heartbeat({
    ...{ exchange, log, now: elapsed },
    heartbeatSeconds: manifest.limits.heartbeatSeconds,
    onEnd: (reason) =>
      ending.abort(
        reason === 'cancelled' ? new StepError('build.cancelled', 'The build was cancelled.') : new TicketRefused(),
      ),
  });
  heartbeat.start();
  try {
    const result = await runStage({
      ...{ manifest, log, heartbeat, mode, folders, archiveFiles, elapsed, warm, proxy },
      programs: stepPrograms,
      store: new Store(exchange, {
        ...{ signal: transfers.signal, random },
        ...(folders.outputs === undefined ? {} : { outputs: folders.outputs }),
      }),
      scope: 'namespace',
      launcher: join(dirname(process.argv[1] ?? ''), 'confine.pl'),
      signal: ending.signal,
      beforeResult: async () => {
        await Promise.all([heartbeat.end(), cache.settle(keepMilliseconds)]);
      },
    });
    if (result.failure?.code === 'layer.damaged') return exitCodes.refused;
    console.log(`stage ${manifest.stageId} ${result.outcome}`);
    return 0;
  } catch (error) {
    transfers.abort();
    if (error instanceof Terminated) return exitCodes.terminated;
    if (error instanceof TicketRefused) return exitCodes.ticketRefused;
    console.error(error instanceof Error ? `${error.name}: ${error.message}` : 'unknown failure');
    return exitCodes.unexpected;
  }
}

process.exit(await main());
