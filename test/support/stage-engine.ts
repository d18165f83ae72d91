import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ExchangeRequest, type ExchangeResponse, exchangeRequestSchema } from '../../core/builds/exchange.ts';
import {
  type LogLine,
  logLineSchema,
  type Manifest,
  type ManifestStep,
  type Receipt,
  receiptSchema,
  type StageResult,
  stageResultSchema,
} from '../../core/builds/manifest.ts';
import { sha256 } from '../../core/digest.ts';

/** The epoch that stages of tests build with: 2025-01-01. */
export const stageEpoch = 1_735_689_600;

/** What a builder meets of the engine: its manifest, the exchange and the store, on loopback and in memory. */
export interface StageEngine {
  readonly manifestUrl: string;
  readonly manifest: Manifest;
  /** What was uploaded: `step/output` to bytes. */
  readonly outputs: ReadonlyMap<string, Buffer>;
  readonly requests: readonly ExchangeRequest[];
  /** Answers of the store to the next uploads, instead of taking them. */
  readonly failUploads: number[];
  cancelled: boolean;
  ticketEnded: boolean;
  /** The store refuses each output but the log. */
  refuseOutputs: boolean;
  result(): StageResult | undefined;
  receipt(step: string): Receipt | undefined;
  log(): LogLine[];
  close(): Promise<void>;
}

/** A step of a test's manifest; what is not said is usual. */
export function stageStep(
  step: Partial<ManifestStep> & Pick<ManifestStep, 'id' | 'program' | 'options'>,
): ManifestStep {
  return {
    version: 1,
    trust: 'tenant',
    key: sha256(step.id),
    needs: [],
    produces: 'layer',
    timeoutSeconds: 60,
    ...step,
  };
}

/** Steps that name no other need the layer step before them. */
function chained(steps: readonly ManifestStep[], base: string | undefined): ManifestStep[] {
  let last = base;
  return steps.map((step) => {
    const needs = step.needs.length > 0 || last === undefined ? step.needs : [last];
    if (step.produces === 'layer') last = step.id;
    return { ...step, needs };
  });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Starts the engine's side of one stage.
 * @param blobs what the exchange gives out, by digest
 */
export async function startStageEngine(options: {
  readonly steps: readonly ManifestStep[];
  readonly base?: Manifest['base'];
  readonly blobs?: ReadonlyMap<string, Buffer>;
  /** Values that the exchange tells, by name. */
  readonly secrets?: ReadonlyMap<string, string>;
  readonly limits?: Partial<Manifest['limits']>;
}): Promise<StageEngine> {
  const outputs = new Map<string, Buffer>();
  const requests: ExchangeRequest[] = [];
  const failUploads: number[] = [];
  const ticket = 'lbt_of-this-test';
  const server: Server = createServer((request, response) => {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const handle = async () => {
      const url = new URL(request.url ?? '/', base);
      const body = await bodyOf(request);
      if (url.pathname === '/manifest') return answer(200, engine.manifest);
      if (url.pathname.startsWith('/store/')) return store(url, request, body);
      if (request.headers.authorization !== `Bearer ${ticket}` || engine.ticketEnded) {
        return answer(401, { code: 'ticket.refused', detail: 'ended' });
      }
      const question = exchangeRequestSchema.parse(JSON.parse(body.toString('utf8')));
      requests.push(question);
      return answer(200, exchange(question));
    };
    const store = (url: URL, request: IncomingMessage, body: Buffer) => {
      const name = decodeURIComponent(url.pathname.slice('/store/'.length));
      if (request.method === 'GET') {
        const blob = options.blobs?.get(name);
        if (blob === undefined) return answer(404, {});
        return response.writeHead(200).end(blob);
      }
      const failure = failUploads.shift();
      if (engine.refuseOutputs && name !== 'log') return answer(400, {});
      if (failure !== undefined) return answer(failure, {});
      if (sha256(body) !== request.headers['x-test-sha256']) return answer(400, {});
      outputs.set(name, body);
      return response.writeHead(200).end();
    };
    handle().catch((error: unknown) => answer(500, { code: 'internal.error', detail: String(error) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const base = `http://127.0.0.1:${port}`;
  const get = (digest: string) => ({ method: 'GET' as const, url: `${base}/store/${digest}`, headers: {} });
  const put = (name: string, digest: string) => ({
    method: 'PUT' as const,
    url: `${base}/store/${encodeURIComponent(name)}`,
    headers: { 'x-test-sha256': digest },
  });
  const exchange = (question: ExchangeRequest): ExchangeResponse => {
    switch (question.kind) {
      case 'declare':
        return { kind: 'upload', request: put(`${question.step}/${question.output}`, question.sha256) };
      case 'declare-parts':
      case 'declare-part':
      case 'complete-parts':
        throw new Error('the outputs of these stages are small: none goes up in parts');
      case 'fetch':
        return {
          kind: 'download',
          request: get(question.digest),
        };
      case 'secret': {
        const value = options.secrets?.get(question.name);
        if (value === undefined) throw new Error('the stage has no such secret');
        return { kind: 'secret', value };
      }
      case 'packages':
        return { kind: 'packages', requests: Object.fromEntries(question.digests.map((name) => [name, get(name)])) };
      case 'declare-package':
        return { kind: 'upload', request: put(`packages/${question.sha256}`, question.sha256) };
      case 'heartbeat':
        return {
          kind: 'heartbeat',
          cancelled: engine.cancelled,
          ...(question.log === undefined ? {} : { log: put('log', question.log.sha256) }),
        };
    }
  };
  const json = (name: string): unknown => {
    const bytes = outputs.get(name);
    return bytes === undefined ? undefined : JSON.parse(bytes.toString('utf8'));
  };
  const engine: StageEngine = {
    manifestUrl: `${base}/manifest`,
    manifest: {
      format: 'lbuild-manifest/1',
      buildId: 'bld_01JZZZZZZZZZZZZZZZZZZZZZZZ',
      stageId: 's0',
      attempt: 1,
      exchangeUrl: `${base}/exchange`,
      ticket,
      sourceDateEpoch: stageEpoch,
      architecture: 'amd64',
      release: 'trixie',
      archive: { suites: [{ uri: base, suite: 'trixie', components: ['main'], indexes: {}, date: stageEpoch }] },
      base: options.base ?? [],
      modules: [],
      keepGoing: false,
      steps: chained(options.steps, options.base?.at(-1)?.step),
      limits: { treeBytes: 2_000_000_000, logBytes: 1_000_000, heartbeatSeconds: 1, ...options.limits },
    },
    outputs,
    requests,
    failUploads,
    cancelled: false,
    ticketEnded: false,
    refuseOutputs: false,
    result: () => stageResultSchema.optional().parse(json('-/result')),
    receipt: (step) => receiptSchema.optional().parse(json(`${step}/receipt`)),
    log: () =>
      (outputs.get('log')?.toString('utf8') ?? '')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => logLineSchema.parse(JSON.parse(line))),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return engine;
}
