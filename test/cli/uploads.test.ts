import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { uploadPlace } from '../../core/builds/places.ts';
import { sha256 } from '../../core/digest.ts';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import { ApiProblem, EngineUnreachable } from '../../sdk/engine-error.ts';
import { UploadRefused } from '../../sdk/uploads.ts';
import { exampleYaml } from '../functions/api/example-spec.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const client = (send?: typeof fetch) =>
  new LinuxBuilderClient({
    ...{ url: cli.api.url, apiKey: cli.tenant.keys.builder },
    ...(send === undefined ? {} : { fetch: send }),
  });
const isThere = async (text: string) =>
  (await cli.api.ports.blobs.head(uploadPlace(cli.tenant.tenantId, sha256(text))))?.sha256 === sha256(text);

describe('lbuild uploads', () => {
  it('add uploads files, and writes their digests as sha256sum does', async () => {
    const texts = ['one', 'two'.repeat(1_000_000)];
    const files = await Promise.all(texts.map((text, at) => fileIn(cli.folder, `file ${at}`, text)));
    const { code, out } = await cli.run(['uploads', 'add', ...files]);
    expect([code, out]).toEqual([0, texts.map((text, at) => `${sha256(text)}  ${files[at]}\n`).join('')]);
    for (const text of texts) expect(await isThere(text)).toBe(true);
    const again = await cli.run(['uploads', 'add', '--json', ...files]);
    const { uploads } = z.object({ uploads: z.array(z.looseObject({})) }).parse(JSON.parse(again.out));
    expect(uploads).toMatchObject(
      texts.map((text, at) => ({ name: `file ${at}`, size: text.length, state: 'stored' })),
    );
  });

  it('ls shows them, the newest first', async () => {
    await client().uploads.declare({ sha256: 'a'.repeat(64), size: 1_500_000, name: 'to come' });
    const { code, out } = await cli.run(['uploads', 'ls', '--limit', '2']);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^a{64} {2}pending +1\.5 MB {2}until \d{4}-\d\d-\d\dT\d\d:\d\dZ {2}to come\n[0-9a-f]{64} {2}stored /,
    );
    const page = await cli.run(['uploads', 'ls', '--limit', '1', '--json']);
    const { cursor } = z.object({ cursor: z.string() }).parse(JSON.parse(page.out));
    expect((await cli.run(['uploads', 'ls', '--cursor', cursor])).out).not.toContain('pending');
  });

  it('remove takes them away, and says what is used', async () => {
    const files = await Promise.all(['gone', 'used'].map((text) => fileIn(cli.folder, text, text)));
    await cli.run(['uploads', 'add', ...files]);
    const [gone, used] = [sha256('gone'), sha256('used')];
    const { code, out } = await cli.run(['uploads', 'remove', gone]);
    expect([code, await isThere('gone')]).toEqual([0, false]);
    expect(out).toMatch(new RegExp(`^${gone} {2}removed +\\S+ kB {2}counted until \\S+Z {2}gone\n$`));
    const again = await cli.run(['uploads', 'remove', gone]);
    expect([again.code, again.err]).toEqual([3, expect.stringContaining('upload.not_found')]);
    const spec = await fileIn(cli.folder, 'used.yaml', `${exampleYaml}files: [{ path: /srv/a, upload: ${used} }]\n`);
    const [build = '-'] = (await cli.run(['start', spec])).out.split(' ');
    const refused = await cli.run(['uploads', 'remove', '--json', used]);
    expect([refused.code !== 0, await isThere('used')]).toEqual([true, true]);
    expect(`${refused.out}${refused.err}`).toContain(build);
  });

  it('tells what cannot be uploaded', async () => {
    const folder = await cli.run(['uploads', 'add', cli.folder]);
    expect([folder.code, folder.err]).toEqual([7, expect.stringContaining('is no file')]);
    const empty = await cli.run(['uploads', 'add', await fileIn(cli.folder, 'empty', '')]);
    expect([empty.code, empty.err]).toEqual([2, expect.stringContaining('size')]);
  });

  it('let a spec be started that names one, and none that names another', async () => {
    const [there, other] = [sha256('one'), sha256('nowhere')];
    const spec = (digest: string) => `${exampleYaml}files: [{ path: /srv/one, upload: ${digest} }]\n`;
    const started = await cli.run(['start', await fileIn(cli.folder, 'there.yaml', spec(there))]);
    expect([started.code, started.out]).toEqual([0, expect.stringMatching(/^bld_/)]);
    const refused = await cli.run(['start', await fileIn(cli.folder, 'other.yaml', spec(other))]);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('files[0].upload')]);
    expect(refused.err).toContain('lbuild uploads add');
    const judged = await cli.run(['validate', await fileIn(cli.folder, 'judged.yaml', spec(other))]);
    expect([judged.code, judged.err]).toEqual([2, expect.stringContaining('spec.unknown_upload')]);
  });
});

describe('uploadFile', () => {
  it('takes bytes as well as paths', async () => {
    const upload = await client().uploads.send(new Blob(['a blob']), { name: 'blob' });
    expect(upload).toMatchObject({ sha256: sha256('a blob'), size: 6, name: 'blob', state: 'stored' });
    expect(await isThere('a blob')).toBe(true);
  });

  /** A store that answers so, one after the other, in place of the engine's own. */
  async function withStore(statuses: readonly number[], use: (send: typeof fetch, seen: number[]) => Promise<void>) {
    const seen: number[] = [];
    const store = createServer((request, response) => {
      const status = statuses[seen.length] ?? 500;
      seen.push(status);
      if (status === 0) request.socket.destroy();
      else request.resume().on('end', () => response.writeHead(status).end());
    });
    await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
    const { port } = store.address() as AddressInfo;
    const send: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      const text = await response.text();
      // After so many tries the engine's own store gets the bytes.
      const other =
        seen.length < statuses.length ? text.replace(/http:\/\/127\.0\.0\.1:\d+/, `http://127.0.0.1:${port}`) : text;
      return new Response(other, {
        status: response.status,
        headers: { 'content-type': response.headers.get('content-type') ?? '' },
      });
    };
    try {
      await use(send, seen);
    } finally {
      store.closeAllConnections();
      await new Promise((resolve) => store.close(resolve));
    }
  }

  it('begins anew, with a new address, where the store is busy, the address expired or the line broke', () =>
    withStore([503, 403, 0], async (send, seen) => {
      const upload = await client(send).uploads.send(new Blob(['again']), { pauses: [0, 0, 0] });
      expect([upload.state, seen]).toEqual(['stored', [503, 403, 0]]);
    }));

  it('gives up in the end, and at once where the store refuses the bytes', async () => {
    await withStore([503, 503, 503], async (send, seen) => {
      await expect(client(send).uploads.send(new Blob(['busy']), { pauses: [0, 0] })).rejects.toThrow(
        EngineUnreachable,
      );
      expect(seen).toHaveLength(3);
    });
    await withStore([400], async (send, seen) => {
      await expect(client(send).uploads.send(new Blob(['changed']), { pauses: [0] })).rejects.toThrow(UploadRefused);
      expect(seen).toHaveLength(1);
    });
    // A store that says it took what it did not take is found out.
    await withStore([200, 200], async (send) => {
      await expect(client(send).uploads.send(new Blob(['lied']), { pauses: [0] })).rejects.toThrow('is not there');
    });
  });

  it('asks the store for nothing that the engine refuses, and ends when it is told to', async () => {
    const viewer = new LinuxBuilderClient({ url: cli.api.url, apiKey: cli.tenant.keys.viewer });
    await expect(viewer.uploads.send(new Blob(['x']))).rejects.toThrow(ApiProblem);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(client().uploads.send(new Blob(['y']), { signal })).rejects.toThrow('enough');
  });
});
