import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { artifactPlace } from '../../core/builds/places.ts';
import { artifactWrite } from '../../core/builds/stage-repository.ts';
import { secretText, signedHeaders } from '../../core/webhooks/signature.ts';
import type { LinuxBuilderClient } from '../../sdk/client.ts';
import type { verifyWebhook } from '../../sdk/webhook-signature.ts';
import { archive, twoScripts } from '../core/plan/plan-fixtures.ts';
import { type Caller, type OpenedApi, openApiOver } from '../support/callers.ts';
import { type ChromiumUnderTest, startChromium } from '../support/chromium.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';
import { startCuttingProxy } from './cutting-proxy.ts';
import { packSdk, projectWith } from './packed.ts';

/** What the page's script leaves for the test. */
interface PageGlobals {
  readonly sdk: {
    readonly LinuxBuilderClient: typeof LinuxBuilderClient;
    readonly verifyWebhook: typeof verifyWebhook;
  };
}

let plane: ControlPlane;
useControlPlane(
  archive,
  (opened) => {
    plane = opened;
  },
  true,
);
let root: string;
let site: Server;
let origin: string;
let api: OpenedApi;
let caller: Caller;
let chromium: ChromiumUnderTest;
let page: Page;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'lbuild-page-'));
  const packed = await packSdk(root);
  await projectWith(packed.tarball, path.join(root, 'user'));
  const bundle = await readFile(path.join(root, 'user/node_modules/@linuxbuilder/sdk/dist/browser.js'));
  site = await serve({ '/': ['text/html', html], '/sdk.js': ['text/javascript', bundle] });
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  api = await openApiOver(plane.ports, [origin]);
  caller = await api.caller('page');
  chromium = await startChromium();
  page = await chromium.page();
  await page.goto(`${origin}/`);
  await page.waitForFunction(() => 'sdk' in globalThis);
}, 300_000);
afterAll(async () => {
  await chromium?.close();
  await api?.close();
  site?.closeAllConnections();
  if (site !== undefined) await new Promise((resolve) => site.close(resolve));
  await rm(root, { recursive: true, force: true });
});

const html = `<!doctype html><meta charset="utf-8"><title>page</title>
<script type="importmap">{"imports": {"@linuxbuilder/sdk": "/sdk.js"}}</script>
<script type="module">import * as sdk from '@linuxbuilder/sdk'; globalThis.sdk = sdk;</script>`;

async function serve(files: Readonly<Record<string, readonly [string, string | Buffer]>>): Promise<Server> {
  const server = createServer((request, response) => {
    const [type, content] = files[request.url ?? ''] ?? ['text/plain', ''];
    response.writeHead(content === '' ? 404 : 200, { 'content-type': type }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe('the packed SDK in a page of another origin', () => {
  it('starts a build, waits for it, follows its log and lists it', async () => {
    expect(new URL(api.url).origin).not.toBe(origin);
    const spec = { text: JSON.stringify(twoScripts('page')), mediaType: 'application/json' } as const;
    const [started, ended, artifacts, names] = await page.evaluate(
      async ({ url, apiKey, given }) => {
        const { sdk } = globalThis as unknown as PageGlobals;
        const client = new sdk.LinuxBuilderClient({ url, apiKey });
        const build = await client.startBuild(given);
        for await (const line of client.streamLogs(build.id)) console.log(line.text);
        const { state } = await client.waitForBuild(build.id, { pollMilliseconds: 100 });
        const made = await client.builds.listArtifacts(build.id);
        const listed: string[] = [];
        for await (const { id } of client.builds.list({ limit: 1 })) listed.push(id);
        return [build.id, state, made.length, listed] as const;
      },
      { url: api.url, apiKey: caller.apiKey, given: spec },
    );
    expect([ended, artifacts, names]).toEqual(['succeeded', 1, [started]]);
  });

  it('downloads what was built to a stream and a Blob, and uploads a file', async () => {
    const [build] = (await caller.builds.list().page()).builds;
    const seen = await page.evaluate(
      async ({ url, apiKey, id }) => {
        const { sdk } = globalThis as unknown as PageGlobals;
        const client = new sdk.LinuxBuilderClient({ url, apiKey });
        const [artifact] = await client.builds.listArtifacts(id);
        const name = artifact?.name ?? '';
        const pieces: Uint8Array<ArrayBuffer>[] = [];
        const stream = new WritableStream<Uint8Array>({ write: (piece) => void pieces.push(piece.slice()) });
        const { sha256 } = await client.downloadArtifact(id, name, stream);
        const [streamed, whole] = [await new Blob(pieces).text(), await (await client.readArtifact(id, name)).text()];
        const folder = await client.downloadArtifact(id, name, 'images').catch(({ code }) => code);
        const upload = await client.uploads.send(new File(['of a page'], 'page.txt'));
        return { same: streamed === whole, whole, digest: sha256 === artifact?.sha256, folder, upload };
      },
      { url: api.url, apiKey: caller.apiKey, id: build?.id ?? '' },
    );
    expect(seen).toMatchObject({ same: true, whole: expect.stringMatching(/^layer /), digest: true });
    expect(seen).toMatchObject({ folder: 'client.usage', upload: { name: 'page.txt', size: 9, state: 'stored' } });
  });

  it('goes on with a download that is cut, and with one that brings nothing more', async () => {
    const [build] = (await caller.builds.list().page()).builds;
    const id = build?.id ?? '';
    const size = 1_000_000;
    const bytes = randomBytes(size);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const mediaType = 'application/octet-stream';
    const { blobs, table } = plane.ports;
    await blobs.put(artifactPlace(caller.tenantId, sha256), bytes, { contentType: mediaType });
    const artifact = { name: 'large.iso', type: 'iso' as const, step: 'iso', size, sha256, mediaType };
    await table.transact([artifactWrite(id, artifact)]);
    let store = '';
    const proxy = await startCuttingProxy(() => store, true);
    const signGet: typeof blobs.signGet = async (...given) => {
      const signed = await blobs.signGet(...given);
      store = new URL(signed.url).origin;
      return { ...signed, url: signed.url.replace(store, proxy.url) };
    };
    const cutting = await openApiOver({ ...plane.ports, blobs: { ...blobs, signGet } }, [origin]);
    const other = await chromium.page();
    try {
      await other.clock.install();
      await other.goto(`${origin}/`);
      await other.waitForFunction(() => 'sdk' in globalThis);
      const received = (least: number) =>
        other.waitForFunction((most) => (globalThis as unknown as { received?: number }).received === most, least);
      const at = (part: number) => size * part;
      proxy.accidents = [
        { at: at(0.3), hangs: true, meanwhile: () => received(at(0.3)).then(() => other.clock.fastForward(31_000)) },
        { at: at(0.6), meanwhile: async () => void (await received(at(0.6))) },
        { at: at(0.9), hangs: true, meanwhile: () => received(at(0.9)).then(() => other.clock.fastForward(31_000)) },
      ];
      const seen = await other.evaluate(
        async ({ url, apiKey, build: of }) => {
          const { sdk } = globalThis as unknown as PageGlobals;
          const client = new sdk.LinuxBuilderClient({ url, apiKey });
          const onProgress = (count: number) => Object.assign(globalThis, { received: count });
          return (await client.readArtifact(of, 'large.iso', { onProgress })).size;
        },
        { url: cutting.url, apiKey: caller.apiKey, build: id },
      );
      expect(seen).toBe(size);
      expect(proxy.downloads.map(({ range, status }) => [range, status])).toEqual([
        [undefined, 200],
        ...[0.3, 0.6, 0.9].map((part) => [`bytes=${at(part)}-`, 206]),
      ]);
    } finally {
      await other.close();
      await cutting.close();
      await proxy.close();
    }
  });

  it('does not wait for ever for where a file is', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    try {
      const said = await page.evaluate(
        async ({ url, apiKey }) => {
          const { sdk } = globalThis as unknown as PageGlobals;
          const client = new sdk.LinuxBuilderClient({ url, apiKey, timeoutMilliseconds: 300 });
          return await client.builds.artifactAddress('bld_1', 'a.iso').catch(({ code, message }) => [code, message]);
        },
        { url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, apiKey: caller.apiKey },
      );
      expect(said).toEqual(['client.unreachable', expect.stringContaining('no answer came within 300 ms')]);
    } finally {
      silent.closeAllConnections();
      await new Promise((resolve) => silent.close(resolve));
    }
  });

  it('reads what the engine refuses, and the request that it was', async () => {
    const problem = await page.evaluate(
      async ({ url, apiKey }) => {
        const { sdk } = globalThis as unknown as PageGlobals;
        const client = new sdk.LinuxBuilderClient({ url, apiKey });
        return await client.getStatus('bld_none').catch(({ code, status, requestId }) => [code, status, requestId]);
      },
      { url: api.url, apiKey: caller.apiKey },
    );
    expect(problem).toEqual(['build.not_found', 404, expect.stringMatching(/^req_/)]);
  });

  it('verifies a webhook, and sees one that was changed', async () => {
    const secret = secretText(Buffer.alloc(32, 7).toString('base64url'));
    const event = { type: 'build.failed', timestamp: '2026-11-27T06:00:00.000Z', version: 1, eventId: 'evt_1' };
    const body = JSON.stringify({ ...event, tenantId: 'ten_1', data: { buildId: 'bld_1' } });
    const headers = signedHeaders({ id: 'whd_1', at: new Date(), body }, [secret]);
    const seen = await page.evaluate(
      async (given) => {
        const { sdk } = globalThis as unknown as PageGlobals;
        const verify = (text: string) =>
          sdk.verifyWebhook(text, new Headers(given.headers), given.secret).then(
            ({ type }) => type,
            ({ code }) => code,
          );
        return [await verify(given.body), await verify(`${given.body} `)];
      },
      { body, headers, secret },
    );
    expect(seen).toEqual(['build.failed', 'webhook.signature_mismatch']);
  });

  it('is refused by the browser where the engine does not allow the page’s origin', async () => {
    const closed = await openApiOver(plane.ports);
    try {
      const said = await page.evaluate(
        async ({ url, apiKey }) => {
          const { sdk } = globalThis as unknown as PageGlobals;
          const client = new sdk.LinuxBuilderClient({ url, apiKey, maxRetries: 0 });
          return await client.builds
            .list()
            .page()
            .then(
              () => 'read',
              ({ code }) => code,
            );
        },
        { url: closed.url, apiKey: caller.apiKey },
      );
      expect(said).toBe('client.unreachable');
    } finally {
      await closed.close();
    }
  });
});
