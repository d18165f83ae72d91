import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { sha256 } from '../../core/digest.ts';
import { type Loopback, onLoopback } from './loopback.ts';

/** A registry of container images on loopback, as far as pushing needs one (OCI distribution specification 1.1, "Push"). */
export interface ContainerRegistry extends Loopback {
  /** Manifests by `name:reference`. */
  readonly manifests: ReadonlyMap<string, Buffer>;
  readonly blobs: ReadonlyMap<string, Buffer>;
}

/** Opens an empty registry. It speaks plain http, and refuses blobs whose digest is another. */
export async function openRegistry(): Promise<ContainerRegistry> {
  const blobs = new Map<string, Buffer>();
  const uploads = new Map<string, Buffer[]>();
  const manifests = new Map<string, Buffer>();
  let last = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const { method = '', url = '' } = request;
    const { pathname, searchParams } = new URL(url, 'http://registry');
    const end = (status: number, headers: Record<string, string> = {}) =>
      void response.writeHead(status, headers).end();
    if (pathname === '/v2/') return end(200);
    const [, name = '', kind = '', rest = ''] = /^\/v2\/(.+)\/(blobs|manifests)\/(.*)$/.exec(pathname) ?? [];
    if (kind === 'manifests') {
      if (method !== 'PUT') return end(manifests.has(`${name}:${rest}`) ? 200 : 404);
      manifests.set(`${name}:${rest}`, body);
      return end(201, { 'docker-content-digest': `sha256:${sha256(body)}` });
    }
    if (method === 'HEAD') {
      const blob = blobs.get(rest);
      return blob === undefined ? end(404) : end(200, { 'content-length': String(blob.length) });
    }
    if (method === 'POST') {
      last += 1;
      uploads.set(`uploads/${last}`, []);
      return end(202, { location: `/v2/${name}/blobs/uploads/${last}` });
    }
    const pieces = uploads.get(rest);
    if (pieces === undefined) return end(404);
    pieces.push(body);
    if (method === 'PATCH') {
      const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
      return end(202, { location: pathname, range: `0-${size - 1}` });
    }
    const blob = Buffer.concat(pieces);
    const digest = searchParams.get('digest') ?? '';
    if (digest !== `sha256:${sha256(blob)}`) return end(400);
    blobs.set(digest, blob);
    return end(201, { 'docker-content-digest': digest });
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  return { ...(await onLoopback(server)), manifests, blobs };
}
