import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSecret } from '../../core/secrets/secret-repository.ts';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const stored = (name: string) => openSecret(cli.api.ports, cli.tenant.tenantId, name);

it('lbuild secrets takes values from standard input and files, without the last line’s end, and shows none', async () => {
  const piped = await cli.run(['secrets', 'set', 'site'], { input: 'hush hush\n' });
  expect([piped.code, piped.out]).toEqual([0, expect.stringMatching(/^site {2}version 1 {2}set \S+Z\n$/)]);
  expect(await stored('site')).toBe('hush hush');
  const file = await fileIn(cli.folder, 'password', 'of a file\r\n');
  const read = await cli.run(['secrets', 'set', 'site', '--file', file, '--json']);
  expect([read.code, JSON.parse(read.out)]).toMatchObject([0, { name: 'site', version: 2 }]);
  expect(await stored('site')).toBe('of a file');
  const listed = await cli.run(['secrets', 'list']);
  expect([listed.code, listed.out]).toEqual([0, expect.stringMatching(/^site {2}version 2 {2}set /)]);
  for (const { out, err } of [piped, read, listed]) expect(out + err).not.toMatch(/hush|of a file/);
});

it('tells what is no value, and what is no secret', async () => {
  const empty = await cli.run(['secrets', 'set', 'empty'], { input: '\n' });
  expect([empty.code, empty.err]).toEqual([2, expect.stringContaining('the value is empty')]);
  const lines = await cli.run(['secrets', 'set', 'lines'], { input: 'one\ntwo\n' });
  expect([lines.code, lines.err]).toEqual([2, expect.stringContaining('not one line of text')]);
  expect(lines.err).not.toMatch(/\btwo\b/);
  const none = await cli.run(['secrets', 'set', 'none', '--file', `${cli.folder}/nowhere`]);
  expect([none.code, none.err]).toEqual([2, expect.stringContaining('cannot be read')]);
  const missing = await cli.run(['secrets', 'remove', 'nowhere']);
  expect([missing.code, missing.err]).toEqual([3, expect.stringContaining('secret.not_found')]);
});

it('removes, as the SDK does', async () => {
  const client = new LinuxBuilderClient({ url: cli.api.url, apiKey: cli.tenant.keys.owner });
  expect(await client.secrets.set('passing', 'x')).toMatchObject({ name: 'passing' });
  expect((await client.secrets.list()).map(({ name }) => name)).toContain('passing');
  expect((await cli.run(['secrets', 'remove', 'passing'])).out).toBe('passing removed\n');
  await client.secrets.set('passing', 'x');
  await client.secrets.remove('passing');
  expect((await client.secrets.list()).map(({ name }) => name)).not.toContain('passing');
});
