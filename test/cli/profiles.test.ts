import { chmod, lstat, mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { profilesFile } from '../../cli/profiles.ts';
import { type CliUnderTest, openCli, type Run } from './engine-under-test.ts';

let cli: CliUnderTest;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

/** The environment of a user who has logged in nowhere but below `home`. */
const home = (name: string, more: NodeJS.ProcessEnv = {}) => ({
  XDG_CONFIG_HOME: path.join(cli.folder, name),
  ...more,
});
const fileOf = (name: string) => path.join(cli.folder, name, 'lbuild', 'profiles.json');
const login = (name: string, args: readonly string[] = [], input = cli.tenant.keys.owner): Promise<Run> =>
  cli.run(['login', ...args, '--url', cli.api.url], { environment: home(name), input });

it('lbuild login keeps what an engine takes, for nobody else to read, and commands use it', async () => {
  const done = await login('first', ['prod']);
  expect([done.code, done.out]).toEqual([0, `prod: owner of cli at ${cli.api.url}\n`]);
  expect((await stat(fileOf('first'))).mode & 0o777).toBe(0o600);
  expect((await stat(path.dirname(fileOf('first')))).mode & 0o777).toBe(0o700);
  const who = await cli.run(['whoami', '--json'], { environment: home('first') });
  expect(JSON.parse(who.out)).toMatchObject({ tenant: { name: 'cli' } });
  const listed = await cli.run(['profiles', 'list'], { environment: home('first') });
  expect(listed.out).toMatch(/^\* prod {2}http:\/\/\S+ {2}key_[0-9A-Z]{26}\n$/);
  expect(done.out + done.err + listed.out).not.toContain(cli.tenant.keys.owner);
});

it('keeps no key that the engine does not take, and what was there stays', async () => {
  await login('second');
  const before = await readFile(fileOf('second'), 'utf8');
  const refused = await login('second', ['other'], `lbk_${'0'.repeat(26)}_${'x'.repeat(43)}`);
  expect([refused.code, refused.err]).toEqual([4, expect.stringContaining('access.unauthenticated')]);
  for (const input of ['', 'two keys']) expect((await login('second', [], input)).code).toBe(2);
  expect(await readFile(fileOf('second'), 'utf8')).toBe(before);
});

it('asks for the key on a terminal, and does not show it', async () => {
  // `script` gives the program a terminal of its own, which has no size yet.
  const command = `stty cols 100 rows 30; ${process.execPath} ${path.resolve('cli/lbuild.mjs')} login asked --url ${cli.api.url}`;
  const { spawn } = await import('node:child_process');
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { ...process.env, ...home('asked'), TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  let typed = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    if (typed || !shown.includes('API key')) return;
    typed = true;
    child.stdin.write(`${cli.tenant.keys.owner}\r`);
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(shown).toContain(`asked: owner of cli at ${cli.api.url}`);
  expect(code).toBe(0);
  expect(shown).not.toContain(cli.tenant.keys.owner.slice(-20));
  expect(JSON.parse(await readFile(fileOf('asked'), 'utf8'))).toMatchObject({ current: 'asked' });
});

it('is chosen by option and environment, before a folder’s engine or the current one', async () => {
  await login('chosen', ['one']);
  await login('chosen', ['two'], cli.tenant.keys.viewer);
  const roles = async (args: readonly string[], environment = home('chosen')) => {
    const run = await cli.run(['whoami', '--json', ...args], { environment });
    return run.code === 0 ? JSON.parse(run.out).member.roles : run.out;
  };
  expect(await roles([])).toEqual(['viewer']);
  expect(await roles(['--profile', 'one'])).toEqual(['owner']);
  expect(await roles([], home('chosen', { LBUILD_PROFILE: 'one' }))).toEqual(['owner']);
  expect(await roles(['--profile', 'two'], home('chosen', { LBUILD_PROFILE: 'one' }))).toEqual(['viewer']);
  const environment = { LBUILD_URL: cli.api.url, LBUILD_API_KEY: cli.tenant.keys.admin };
  expect(await roles([], home('chosen', environment))).toEqual(['admin']);
  expect(await roles(['--profile', 'two', '--url', cli.api.url])).toContain('Both --url and --profile');
  expect(await roles(['--profile', 'three'])).toContain('There are: one, two.');
  expect((await cli.run(['profiles', 'use', 'one'], { environment: home('chosen') })).code).toBe(0);
  expect(await roles([])).toEqual(['owner']);
  expect((await cli.run(['logout'], { environment: home('chosen') })).out).toBe('one is forgotten\n');
  expect(await roles([])).toContain('No engine is known');
});

it('a stored key is never sent to an address that was given', async () => {
  await login('given');
  const told = await cli.run(['whoami', '--url', 'http://127.0.0.1:9'], { environment: home('given') });
  expect([told.code, told.err]).toEqual([4, expect.stringContaining('cli.no_api_key')]);
});

it('the key of the environment goes to the address of the environment, and to no profile or folder', async () => {
  await login('both');
  await login('both', ['other'], cli.tenant.keys.viewer);
  const key = { LBUILD_API_KEY: cli.tenant.keys.admin };
  const environment = home('both', { ...key, LBUILD_URL: 'http://127.0.0.1:9' });
  const who = await cli.run(['whoami', '--json', '--profile', 'default'], { environment });
  expect(JSON.parse(who.out).member.roles).toEqual(['owner']);
  const given = ['whoami', '--json', '--profile', 'default', '--api-key', cli.tenant.keys.viewer];
  expect(JSON.parse((await cli.run(given, { environment })).out).member.roles).toEqual(['viewer']);
  const alone = await cli.run(['whoami'], { environment: home('both', key) });
  expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('cli.no_address')]);
  const named = await cli.run(['whoami'], { environment: home('both', { ...key, LBUILD_PROFILE: 'default' }) });
  expect([named.code, named.err]).toEqual([2, expect.stringContaining('cli.no_address')]);
});

it('refuses a folder’s engine that is on another machine: a clone or an archive brought it', async () => {
  const cwd = path.join(cli.folder, 'cloned');
  await mkdir(path.join(cwd, '.lbuild'), { recursive: true });
  await writeFile(path.join(cwd, '.lbuild/credentials.json'), '{"url": "https://evil.example", "apiKey": "x"}');
  await login('cloned');
  const told = await cli.run(['whoami'], { cwd, environment: home('cloned') });
  expect([told.code, told.err]).toEqual([4, expect.stringContaining('cli.credentials_foreign')]);
});

it('keeps a link in place of its file', async () => {
  await login('linked');
  await rename(fileOf('linked'), path.join(cli.folder, 'kept.json'));
  await symlink(path.join(cli.folder, 'kept.json'), fileOf('linked'));
  expect((await login('linked', ['second'])).code).toBe(0);
  expect((await lstat(fileOf('linked'))).isSymbolicLink()).toBe(true);
  expect((await cli.run(['profiles', 'list'], { environment: home('linked') })).out).toMatch(/default[\s\S]*\* second/);
});

it('refuses a file that others may read, or that is none', async () => {
  await login('open');
  await chmod(fileOf('open'), 0o640);
  const told = await cli.run(['whoami'], { environment: home('open') });
  expect([told.code, told.err]).toEqual([4, expect.stringContaining(`chmod 600 ${fileOf('open')}`)]);
  await chmod(fileOf('open'), 0o600);
  await writeFile(fileOf('open'), '{"profiles": {"a": {"url": "ftp://x", "apiKey": "y"}}}');
  const wrong = await cli.run(['whoami'], { environment: home('open') });
  expect([wrong.code, wrong.err]).toEqual([4, expect.stringContaining('profiles.a.url')]);
});

it('lies where the XDG specification says', () => {
  expect(profilesFile({ XDG_CONFIG_HOME: '/c', HOME: '/h' })).toBe('/c/lbuild/profiles.json');
  expect(profilesFile({ XDG_CONFIG_HOME: 'c', HOME: '/h' })).toBe('/h/.config/lbuild/profiles.json');
  expect(profilesFile({ HOME: 'h' })).toBeUndefined();
});
