import { equalSecrets, sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { BlobPlace, Blobs, SignedRequest } from '../ports/blobs.ts';
import type { Table } from '../ports/table.ts';
import type { Vault } from '../ports/vault.ts';
import { openSecret } from '../secrets/secret-repository.ts';
import type { AttemptRecord } from './build-record.ts';
import { findBuild, type Versioned } from './build-repository.ts';
import { isEnding } from './ending.ts';
import type { ExchangeRequest, ExchangeResponse } from './exchange.ts';
import { isTerminal } from './lifecycle.ts';
import { countKeptPackage, packagePlace } from './package-cache.ts';
import { completeParts, declareParts, signPart } from './part-uploads.ts';
import { logPlace, stagingPlace } from './places.ts';
import { findAttempt, findProgress, progressWrite } from './stage-repository.ts';

/**
 * Seconds that a builder's URL lives. Long enough for a gigabyte, which is what goes up or comes down with one at most,
 * at 400 kB/s; a URL ends with its signer's session, which is an hour at most.
 */
const urlSeconds = 2_700;

/** Which outputs a step may declare; `-` stands for the stage. */
const stepOutputs = new Set(['layer', 'index', 'module', 'receipt', 'artifact', 'log', 'screen', 'inspection']);

export interface ExchangeCall {
  readonly buildId: string;
  readonly stageId: string;
  readonly attempt: number;
  readonly ticket: string;
  readonly request: ExchangeRequest;
}

/**
 * Answers a builder. The ticket is bound to build, stage and attempt, and is dead when the attempt or the build ends;
 * nothing is signed but places of that very attempt, blobs that its manifest names, and files of the package archive by
 * their digest; no secret is told but to a step that names it.
 * @throws EngineError ticket.refused, exchange.refused, blob.too_large, blob.parts_refused, secret.not_found,
 *   secret.damaged
 */
export async function answerExchange(
  ports: { table: Table; blobs: Blobs; vault: Vault },
  call: ExchangeCall,
): Promise<ExchangeResponse> {
  const { attempt, cancelled, tenantId } = await admit(ports.table, call);
  const { request } = call;
  const read = async () => (await admit(ports.table, call)).attempt;
  const asking = { buildId: call.buildId, attempt, read };
  switch (request.kind) {
    case 'declare': {
      checkOutput(attempt.value, request);
      const signed = await ports.blobs.signPut(
        stagingPlace(call.buildId, call.stageId, call.attempt, request.step, request.output),
        {
          size: request.size,
          sha256: request.sha256,
          contentType: 'application/octet-stream',
          ifAbsent: true,
          expiresSeconds: urlSeconds,
        },
      );
      return { kind: 'upload', request: plain(signed) };
    }
    case 'declare-parts':
      checkOutput(attempt.value, request);
      return { kind: 'parts', count: await declareParts(ports, asking, request) };
    case 'declare-part': {
      checkOutput(attempt.value, request);
      return { kind: 'upload', request: plain(await signPart(ports.blobs, asking, request, urlSeconds)) };
    }
    case 'complete-parts':
      checkOutput(attempt.value, request);
      await completeParts(ports.blobs, asking, request);
      return { kind: 'completed' };
    case 'fetch': {
      const place = placeOfInput(attempt.value, request.digest);
      if (place === undefined) {
        throw new EngineError('exchange.refused', `The manifest of this attempt does not name ${request.digest}.`);
      }
      const signed = await ports.blobs.signGet(place, { expiresSeconds: urlSeconds });
      return { kind: 'download', request: plain(signed) };
    }
    case 'secret': {
      const { step, name } = request;
      const { secrets = {} } = attempt.value;
      if (!Object.hasOwn(secrets, step) || secrets[step]?.includes(name) !== true) {
        throw new EngineError('exchange.refused', `The step ${step} of this attempt names no such secret.`);
      }
      return { kind: 'secret', value: await openSecret(ports, tenantId, name) };
    }
    case 'packages': {
      const signed = await Promise.all(
        request.digests.map(async (digest) => {
          const download = await ports.blobs.signGet(packagePlace(digest), { expiresSeconds: urlSeconds });
          return [digest, plain(download)] as const;
        }),
      );
      return { kind: 'packages', requests: Object.fromEntries(signed) };
    }
    case 'declare-package': {
      const { size, sha256: digest } = request;
      await countKeptPackage(ports.table, call.buildId, attempt.value, size);
      const signed = await ports.blobs.signPut(packagePlace(digest), {
        ...{ size, sha256: digest, contentType: 'application/octet-stream', ifAbsent: true },
        expiresSeconds: urlSeconds,
      });
      return { kind: 'upload', request: plain(signed) };
    }
    case 'heartbeat':
      return heartbeat(ports, call, request, attempt.value, cancelled);
  }
}

/** Where a blob or an artifact lies that the manifest of the attempt names. */
function placeOfInput({ blobs, artifacts = {} }: AttemptRecord, digest: string): BlobPlace | undefined {
  const [inWork, inArtifacts] = [blobs[digest], artifacts[digest]];
  if (inWork !== undefined) return { bucket: 'work', path: inWork };
  return inArtifacts === undefined ? undefined : { bucket: 'artifacts', path: inArtifacts };
}

/** @throws EngineError exchange.refused where the attempt has no such output */
function checkOutput(attempt: AttemptRecord, { step, output }: { step: string; output: string }): void {
  const known = step === '-' ? output === 'result' : attempt.steps.includes(step) && stepOutputs.has(output);
  if (!known) throw new EngineError('exchange.refused', `This attempt has no output ${output} of step ${step}.`);
}

async function admit(
  table: Table,
  call: ExchangeCall,
): Promise<{ attempt: Versioned<AttemptRecord>; cancelled: boolean; tenantId: string }> {
  const [attempt, build] = await Promise.all([
    findAttempt(table, call.buildId, call.stageId, call.attempt),
    findBuild(table, call.buildId),
  ]);
  // The comparison runs whether or not the attempt exists: its time tells nothing about ids.
  const known = equalSecrets(attempt?.value.ticketHash ?? '', sha256(call.ticket));
  if (attempt === undefined || build === undefined || !known) {
    throw new EngineError('ticket.refused', 'No attempt accepts this ticket.');
  }
  if (attempt.value.state !== 'live' || isTerminal(build.value.state)) {
    throw new EngineError('ticket.refused', 'The attempt of this ticket has ended.');
  }
  return { attempt, cancelled: isEnding(build.value), tenantId: build.value.tenantId };
}

async function heartbeat(
  ports: { table: Table; blobs: Blobs },
  call: ExchangeCall,
  request: Extract<ExchangeRequest, { kind: 'heartbeat' }>,
  attempt: AttemptRecord,
  cancelled: boolean,
): Promise<ExchangeResponse> {
  // A step that the attempt does not have is no progress: what a builder says is never stored unchecked.
  const { progress } = request;
  if (progress !== undefined && attempt.steps.includes(progress.step)) {
    await keepProgress(ports.table, call, attempt.steps, progress);
  }
  if (request.log === undefined) return { kind: 'heartbeat', cancelled };
  const log = await ports.blobs.signPut(logPlace(call.buildId, call.stageId, call.attempt), {
    size: request.log.size,
    sha256: request.log.sha256,
    contentType: 'application/x-ndjson',
    ifAbsent: false,
    expiresSeconds: 300,
  });
  return { kind: 'heartbeat', cancelled, log: plain(log) };
}

/**
 * Written where it is further than before: most heartbeats tell nothing new, and a read costs a tenth of a write. Steps that
 * run beside each other report in turn; the furthest of them counts, so that nobody sees a build go backwards.
 */
async function keepProgress(
  table: Table,
  { buildId, stageId, attempt }: ExchangeCall,
  steps: readonly string[],
  { step, percent }: { readonly step: string; readonly percent: number },
): Promise<void> {
  const before = await findProgress(table, buildId, stageId, attempt);
  if (before !== undefined) {
    const moved = steps.indexOf(step) - steps.indexOf(before.step);
    if (moved < 0 || (moved === 0 && percent <= before.percent)) return;
  }
  await table.transact([progressWrite(buildId, { stage: stageId, attempt, step, percent })]);
}

function plain(request: SignedRequest): { method: 'GET' | 'PUT'; url: string; headers: Record<string, string> } {
  return { method: request.method, url: request.url, headers: { ...request.headers } };
}
