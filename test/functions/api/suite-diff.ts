import { beforeAll, describe, expect, it } from 'vitest';
import { blobPlace } from '../../../core/builds/places.ts';
import { type BuildDiff, buildDiffSchema } from '../../../core/diff/diff-view.ts';
import { utf8 } from '../../../core/json.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { call, problemOf, withoutRequestId } from './http-call.ts';
import { forceState, storeArtifact } from './stored-build.ts';
import { file, folders, type LayerContent, type StoredImage, storeImage, symlink } from './stored-image.ts';

const stanza = (name: string, version: string) => {
  return { name, version, architecture: 'amd64', status: 'install ok installed' };
};
const wants = 'etc/systemd/system/multi-user.target.wants';
const kernel: LayerContent = {
  entries: [...folders('boot'), file('boot/vmlinuz-6.12.9-amd64', 'kernel')],
  packages: [stanza('base-files', '13'), stanza('linux-image-amd64', '6.12.9')],
};
const bootstrap: LayerContent = {
  entries: [
    ...folders(wants),
    ...folders('usr/lib/systemd/system'),
    ...['usr/lib/systemd/system/ssh.service', 'etc/hostname', 'etc/left', 'etc/kept'].map((path) => file(path, path)),
  ],
  packages: [stanza('base-files', '13')],
};
const hash = `$6$salt$${'a'.repeat(86)}`;

/** What differs between two builds. */
export function describeDiff(api: () => ApiUnderTest): void {
  describe('the difference of two builds', () => {
    let tenant: TenantUnderTest;
    let one: StoredImage;
    let other: StoredImage;
    const store = (spec: object, layers: Record<string, LayerContent>, who = tenant) =>
      storeImage(api().ports, who.tenantId, spec, layers);
    const ask = (a: string, b: string, query = '', key = tenant.keys.viewer) =>
      call(`${api().url}/v1/builds/${a}/diff/${b}${query}`, { key });
    const diffOf = async (a: string, b: string, query = ''): Promise<BuildDiff> =>
      buildDiffSchema.parse((await ask(a, b, query)).json());

    beforeAll(async () => {
      tenant = await api().tenant('diff');
      const system = { entries: [file('etc/hostname', 'one'), file('etc/same', 'same')] };
      one = await store(exampleSpec, { bootstrap, kernel, system });
      const changed = {
        ...exampleSpec,
        name: 'edge-two',
        packages: { install: ['openssh-server', 'curl'] },
        users: [{ name: 'ops', passwordHash: hash }],
        kernel: { cmdline: ['quiet'] },
      };
      other = await store(changed, {
        bootstrap,
        kernel,
        packages: {
          entries: [...folders('usr/bin').slice(1), file('usr/bin/curl', 'curl', { mode: 0o4755 })],
          packages: [stanza('base-files', '13.1'), stanza('curl', '8'), stanza('linux-image-amd64', '6.12.9')],
        },
        system: {
          entries: [
            file('etc/hostname', 'two', { xattrs: { 'security.capability': 'AQ==' } }),
            file('etc/same', 'same', { mtime: 2 }),
            { path: 'etc/left', type: 'whiteout' },
            symlink(`${wants}/ssh.service`, '/usr/lib/systemd/system/ssh.service'),
          ],
        },
      });
      await storeArtifact(api().ports, tenant.tenantId, one.id, 'edge-web.tar.zst', 'one');
      await storeArtifact(api().ports, tenant.tenantId, other.id, 'edge-two.tar.zst', 'other');
    });

    it('tells packages, kernel, services, sizes, spec and files', async () => {
      const diff = await diffOf(one.id, other.id);
      const layers = one.plan.steps.filter(({ produces }) => produces === 'layer').length;
      expect(diff).toMatchObject({ before: { build: one.id, name: 'edge-web', layers }, identical: false });
      // The layers of bootstrap, kernel and initramfs are the same; the package steps are not.
      expect(diff.sharedLayers).toBe(one.plan.steps.findIndex(({ id }) => id === 'packages'));
      expect(diff.packages).toEqual({
        count: 2,
        truncated: false,
        entries: [
          { name: 'base-files', architecture: 'amd64', before: '13', after: '13.1' },
          { name: 'curl', architecture: 'amd64', after: '8' },
        ],
      });
      expect(diff.kernel).toEqual({
        changed: true,
        before: { releases: ['6.12.9-amd64'], cmdline: [] },
        after: { releases: ['6.12.9-amd64'], cmdline: ['quiet'] },
      });
      expect(diff.services.entries).toEqual([{ unit: 'ssh.service', before: 'disabled', after: 'enabled' }]);
      const { tree, artifacts } = diff.sizes;
      expect(tree.after.files - tree.before.files).toBe(0);
      expect(tree.after.bytes - tree.before.bytes).toBe('curl'.length - 'etc/left'.length);
      expect(artifacts).toMatchObject([
        { step: 'tar', type: 'tar', same: false, before: { size: 3 }, after: { size: 5, name: 'edge-two.tar.zst' } },
      ]);
      const fields = Object.fromEntries(diff.spec.entries.map(({ path, ...values }) => [path, values]));
      expect(fields).toMatchObject({
        name: { before: 'edge-web', after: 'edge-two' },
        'packages.install': { after: 'curl' },
        'kernel.cmdline': { after: 'quiet' },
        'users[ops]': { after: expect.stringContaining('(hidden)') },
      });
      expect(JSON.stringify(diff)).not.toContain('$6$');
      expect(diff.files).toEqual({
        counts: { added: 3, removed: 1, changed: 1, onlyTime: 1 },
        entries: [
          {
            path: 'etc/hostname',
            differs: ['digest', 'xattrs'],
            before: expect.objectContaining({ type: 'file', mode: '0644' }),
            after: expect.objectContaining({ size: 3, xattrs: { 'security.capability': 'AQ==' } }),
          },
          { path: 'etc/left', differs: [], before: expect.objectContaining({ size: 8 }) },
          {
            path: `${wants}/ssh.service`,
            differs: [],
            after: expect.objectContaining({ type: 'symlink', target: '/usr/lib/systemd/system/ssh.service' }),
          },
          { path: 'usr/bin', differs: [], after: expect.objectContaining({ type: 'directory' }) },
          { path: 'usr/bin/curl', differs: [], after: expect.objectContaining({ mode: '4755' }) },
        ],
      });
    });

    it('is the same from the other side', async () => {
      const [there, back] = [await diffOf(one.id, other.id), await diffOf(other.id, one.id)];
      const turned = <T extends object>({ before, after, ...rest }: T & { before?: unknown; after?: unknown }) => {
        return {
          ...rest,
          ...(after === undefined ? {} : { before: after }),
          ...(before === undefined ? {} : { after: before }),
        };
      };
      expect(back.files.entries).toEqual(there.files.entries.map(turned));
      expect(back.packages.entries).toEqual(there.packages.entries.map(turned));
      expect(back.services.entries).toEqual(there.services.entries.map(turned));
      expect(back.kernel).toEqual(turned(there.kernel));
      expect(back.sizes.tree).toEqual(turned(there.sizes.tree));
      const byPath = (diff: BuildDiff) => diff.spec.entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
      expect(byPath(back)).toEqual(byPath(there).map(turned));
      const { added, removed } = there.files.counts;
      expect(back.files.counts).toMatchObject({ added: removed, removed: added });
    });

    it('is none of a build and itself, or one that is made of the same', async () => {
      const same = await diffOf(one.id, one.id);
      expect(same).toMatchObject({ identical: true, packages: { count: 0 }, spec: { count: 0 } });
      expect(same.sharedLayers).toBe(same.before.layers);
      expect(same.files).toEqual({ counts: { added: 0, removed: 0, changed: 0, onlyTime: 0 }, entries: [] });
    });

    it('comes page by page, and a cursor serves these two builds alone', async () => {
      const whole = await diffOf(one.id, other.id);
      const paths: string[] = [];
      let cursor = '';
      let pages = 0;
      do {
        const page = await diffOf(one.id, other.id, `?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
        paths.push(...page.files.entries.map(({ path }) => path));
        expect(page.files.counts).toEqual(whole.files.counts);
        cursor = page.files.cursor ?? '';
        pages += 1;
      } while (cursor !== '');
      expect([pages, paths]).toEqual([3, whole.files.entries.map(({ path }) => path)]);
      const none = await diffOf(one.id, other.id, '?limit=0');
      expect(none.files).toEqual({ counts: whole.files.counts, entries: [] });
      const first = await diffOf(one.id, other.id, '?limit=1');
      const turned = await ask(other.id, one.id, `?limit=1&cursor=${first.files.cursor}`);
      expect([turned.status, problemOf(turned).code]).toEqual([400, 'cursor.invalid']);
      expect(problemOf(await ask(one.id, other.id, '?limit=5001')).code).toBe('request.invalid');
    });

    it('is refused where one of the two is another tenant’s, as if it did not exist', async () => {
      const stranger = await api().tenant('diff stranger');
      const theirs = await store(exampleSpec, {}, stranger);
      const missing = api().ports.ids.next('bld');
      for (const [a, b] of [
        [one.id, theirs.id],
        [theirs.id, one.id],
      ] as const) {
        const answer = await ask(a, b);
        expect([answer.status, problemOf(answer).code]).toEqual([404, 'build.not_found']);
        expect(withoutRequestId(answer)).toBe(withoutRequestId(await ask(one.id, missing)));
      }
    });

    it('is refused while one of them has made no image', async () => {
      const unfinished = await store(exampleSpec, {});
      for (const state of ['running', 'failed', 'cancelled'] as const) {
        await forceState(api().ports, unfinished.id, state);
        const answer = await ask(one.id, unfinished.id);
        expect([answer.status, problemOf(answer).code]).toEqual([409, 'build.not_succeeded']);
        expect(problemOf(answer).detail).toContain(state);
      }
    });

    it('names the layer that is gone, or damaged, or no index', async () => {
      const gone = await store({ ...exampleSpec, name: 'gone' }, { system: { entries: [file('etc-x', 'gone')] } });
      const place = blobPlace(tenant.tenantId, gone.indexes.get('system') ?? '');
      const put = (text: string) => api().ports.blobs.put(place, utf8(text), { contentType: 'text/plain' });
      await put('damaged');
      const damaged = await ask(one.id, gone.id);
      expect([damaged.status, problemOf(damaged).code]).toEqual([500, 'layer.damaged']);
      await api().ports.blobs.delete(place);
      const answer = await ask(one.id, gone.id);
      expect([answer.status, problemOf(answer).code]).toEqual([409, 'layer.evicted']);
      for (const part of ['step system', gone.id]) expect(problemOf(answer).detail).toContain(part);
      // What both have is read once, of whichever was named first.
      expect((await ask(gone.id, gone.id)).status).toBe(409);
      const odd = await store(exampleSpec, { system: { entries: [file('no/folder/x', 'odd')] } });
      const unreadable = await ask(one.id, odd.id);
      expect([unreadable.status, problemOf(unreadable).code]).toEqual([422, 'layer.unreadable']);
    });
  });
}
