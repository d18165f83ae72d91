import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { storedLinkSchema } from '../../core/audit/chain.ts';
import { exportAudit } from '../../core/audit/exporter.ts';
import { sealedPlace } from '../../core/audit/places.ts';
import { sealAudit } from '../../core/audit/sealer.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
beforeAll(async () => {
  cli = await openCli();
  await cli.run(['roles', 'set', 'shipping', '--grant', 'builds:read']);
  await cli.run(['secrets', 'set', 'site'], { input: 'hush\n' });
  await cli.run(['secrets', 'remove', 'site']);
});
afterAll(() => cli?.close());

const auditor = () => ['--api-key', cli.tenant.keys.auditor];

it('lbuild audit list and export show who did what, sealed and not', async () => {
  const waiting = await cli.run(['audit', 'list', ...auditor()]);
  expect(waiting.out).toMatch(/^\S+Z {2}mem_\w+ {2}secret\.removed {2}site {2}\(not sealed yet\)\n/);
  await sealAudit(cli.api.ports);
  const listed = await cli.run(['audit', 'list', '--action', 'role.set', ...auditor()]);
  expect(listed.out).toMatch(
    /^\S+Z {2}mem_\w+ {2}role\.set {2}shipping {2}\{"before":null,"grants":\["builds:read"\]\}\n$/,
  );
  expect((await cli.run(['audit', 'list', '--limit', '2', ...auditor()])).out.trim().split('\n')).toHaveLength(2);
  const exported = await cli.run(['audit', 'export', ...auditor()]);
  const links = exported.out
    .trim()
    .split('\n')
    .map((line) => storedLinkSchema.parse(JSON.parse(line)));
  expect(links.map(({ sequence }) => sequence)).toEqual(links.map((_, position) => position + 1));
  const unknown = await cli.run(['audit', 'list', '--action', 'role.painted', ...auditor()]);
  expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('action')]);
});

it('lbuild audit verify checks the whole log with a key of one’s own, and names the unsealed tail', async () => {
  const pem = await fileIn(cli.folder, 'key.pem', (await cli.run(['signing-key'])).out);
  const whole = await cli.run(['audit', 'verify', '--key', pem, ...auditor()]);
  expect([whole.code, whole.out]).toEqual([
    0,
    expect.stringMatching(/^verified {2}(\d+) entries, up to number \1 by 1 signed heads\n$/),
  ]);
  await cli.run(['roles', 'set', 'shipping', '--grant', 'builds:*']);
  const more = await cli.run(['audit', 'verify', ...auditor()]);
  expect(more.out).toMatch(/\nnot sealed yet {2}1: aud_\w+\n$/);
});

it('one bit of a stored entry that is another is found, with the entry’s id', async () => {
  const { table } = cli.api.ports;
  const { tenantId } = cli.tenant;
  const stored = await table.get(sealedPlace(tenantId, 2));
  const link = storedLinkSchema.parse(stored?.data);
  const bytes = Buffer.from(link.entry.target ?? '');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  const put = (target: string | undefined) =>
    table.transact([
      {
        kind: 'put',
        key: sealedPlace(tenantId, 2),
        data: JSON.parse(JSON.stringify({ ...link, entry: { ...link.entry, target } })),
      },
    ]);
  await put(bytes.toString());
  const found = await cli.run(['audit', 'verify', ...auditor()]);
  expect([found.code, found.out]).toEqual([
    8,
    `NOT VERIFIED  number 2, ${link.entry.entryId}: it is not what was sealed: its hash is another\n`,
  ]);
  const json = await cli.run(['audit', 'verify', '--json', ...auditor()]);
  expect(JSON.parse(json.out)).toMatchObject({ verified: false, flaw: { sequence: 2, entryId: link.entry.entryId } });
  await put(link.entry.target);
  expect((await cli.run(['audit', 'verify', ...auditor()])).code).toBe(0);
});

it('lbuild audit verify --export checks files of the daily export, without an engine', async () => {
  const { table, blobs } = cli.api.ports;
  const files: string[] = [];
  const archive = {
    names: async () => ({ names: [] }),
    put: async (name: string, body: Uint8Array) => {
      files.push(await fileIn(cli.folder, name.replaceAll('/', '_'), Buffer.from(body).toString()));
    },
  };
  await sealAudit(cli.api.ports);
  await exportAudit({ table, blobs, archive });
  const file = files.find((name) => name.includes(cli.tenant.tenantId)) ?? '';
  const pem = await fileIn(cli.folder, 'exports.pem', (await cli.run(['signing-key'])).out);
  const alone = ['--url', 'http://127.0.0.1:9', '--key', pem];
  const whole = await cli.run(['audit', 'verify', '--export', file, ...alone]);
  expect([whole.code, whole.out]).toEqual([
    0,
    expect.stringMatching(
      new RegExp(`^verified {2}entries 1 to \\d+ of ${cli.tenant.tenantId}, whose head was signed at `),
    ),
  ]);
  const text = await readFile(file, 'utf8');
  const changed = await fileIn(cli.folder, 'changed.ndjson', text.replace('"shipping"', '"chipping"'));
  const found = await cli.run(['audit', 'verify', '--export', changed, ...alone]);
  expect([found.code, found.out]).toEqual([
    8,
    expect.stringMatching(/^NOT VERIFIED {2}number \d+, aud_\w+: it is not what was sealed: its hash is another\n$/),
  ]);
  const keyless = await cli.run(['audit', 'verify', '--export', file]);
  expect([keyless.code, keyless.err]).toEqual([2, expect.stringContaining('cli.key_missing')]);
  const none = await cli.run(['audit', 'verify', '--export', pem, ...alone]);
  expect([none.code, none.err]).toEqual([2, expect.stringContaining('cli.export_unreadable')]);
});
