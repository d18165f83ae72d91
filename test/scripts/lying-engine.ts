import { createServer } from 'node:http';
import { z } from 'zod';
import { sha256 } from '../../core/digest.ts';
import { onLoopback } from '../support/loopback.ts';

/** What an engine says that is not so; nothing of it: it is honest. */
export interface Lies {
  /** SHA-256 of the artifact, as the list has it. */
  readonly digest?: string;
  /** Its size there, in bytes. */
  readonly size?: number;
  /** Its name there. */
  readonly name?: string;
  /** Lines of the checksums. */
  readonly checksums?: string;
  /** What the log has in place of what the step says. */
  readonly log?: string;
  /** State of the second build once it was cancelled. */
  readonly cancelled?: string;
  /** Kinds of evidence that it leaves out. */
  readonly without?: string;
  /** Answers of 503 before each build can be read. */
  readonly away?: number;
}

export interface LyingEngine {
  readonly url: string;
  /** `METHOD /path`, and whether a key came with it. */
  readonly requests: { readonly line: string; readonly keyed: boolean }[];
  close(): Promise<void>;
}

const specSchema = z.looseObject({ steps: z.array(z.looseObject({ run: z.string() })) });
const kinds = ['packages', 'checksums', 'provenance', 'signature'];

/** A stand-in for an engine that builds at once, as far as the test of the life of a build asks it. */
export async function startLyingEngine(lies: Lies): Promise<LyingEngine> {
  const bytes = Buffer.from('the image');
  const { digest = sha256(bytes), size = bytes.length, name = 'smoke.tar.zst' } = lies;
  const sums = lies.checksums ?? `${digest}  ${name}\n`;
  const files = new Map([[name, bytes], ...kinds.map((kind) => [kind, Buffer.from(kind)] as const)]);
  files.set('checksums', Buffer.from(sums));
  const requests: LyingEngine['requests'] = [];
  let [text, builds, away] = ['', 0, lies.away ?? 0];
  const build = (id: string, state: string) => ({ id, state, ended: state !== 'running', percent: 100, stages: [] });
  const evidence = kinds
    .filter((kind) => kind !== lies.without)
    .map((kind) => {
      const file = files.get(kind) ?? bytes;
      return { name: kind, kind, size: file.length, sha256: sha256(file) };
    });
  let cancelled = false;

  const answers: Readonly<Record<string, (body: string) => readonly [number, unknown]>> = {
    'GET /v1/capabilities': () => [
      200,
      {
        releases: [{ distribution: 'debian', name: 'bookworm' }],
        architectures: [
          { name: 'amd64', supported: false },
          { name: 'arm64', supported: true },
        ],
      },
    ],
    'POST /v1/builds?force=true': (body) => {
      builds += 1;
      if (builds === 1) text = specSchema.parse(JSON.parse(body)).steps[0]?.run.replace('echo ', '') ?? '';
      return [202, build(`b${builds}`, 'running')];
    },
    'GET /v1/builds/b1': () => {
      away -= 1;
      return away >= 0 ? [503, { code: 'service.unavailable' }] : [200, { ...build('b1', 'succeeded'), evidence }];
    },
    'GET /v1/builds/b2': () => [200, build('b2', cancelled ? (lies.cancelled ?? 'cancelled') : 'running')],
    'POST /v1/builds/b2/cancel': () => {
      cancelled = true;
      return [202, build('b2', 'running')];
    },
    'GET /v1/builds/b1/logs': () => [
      200,
      { lines: [{ stage: 's2', step: 'smoke', text: lies.log ?? text }], complete: true },
    ],
    'GET /v1/builds/b1/artifacts': () => [200, { artifacts: [{ name, type: 'tar', size, sha256: digest }] }],
    'DELETE /v1/builds/b1/artifacts': () => [403, { code: 'access.forbidden', detail: 'It may not.', remedy: 'Ask.' }],
  };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += piece;
    const line = `${request.method} ${request.url}`;
    requests.push({ line, keyed: request.headers.authorization !== undefined });
    const [, file = ''] = /^GET \/v1\/builds\/b1\/(?:artifacts|evidence)\/(.+)$/.exec(line) ?? [];
    if (file !== '') return void response.writeHead(307, { location: `/signed/${file}` }).end();
    const [, signed = ''] = /^GET \/signed\/(.+)$/.exec(line) ?? [];
    if (signed !== '') return void response.end(files.get(signed));
    const [status, value] = answers[line]?.(body) ?? [404, { code: 'request.no_such_path' }];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  });
  const { url, close } = await onLoopback(server);
  return { url, requests, close };
}
