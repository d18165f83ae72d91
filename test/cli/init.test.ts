import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CliFailure } from '../../cli/failure.ts';
import { adapted, errorsOf, presetText } from '../../cli/first-spec.ts';
import { presets } from '../../functions/shared/presets.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const sshKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEWdiuJjEuDc4iYx8C0X0yKQW0mBzS8l0nLzJc1yqJ3x me@here';

describe('a preset as wished', () => {
  it.each(presets.map(({ name }) => name))('%s keeps its explanations, and is valid', async (name) => {
    const text = await presetText(name);
    const made = await adapted(text, { name: 'mine', output: 'raw', sshKey });
    expect(await errorsOf(parse(made))).toEqual([]);
    expect(parse(made)).toMatchObject({ name: 'mine', outputs: [{ type: 'raw' }] });
    // Whose key nobody has, nobody gets in with it: there is one in each preset that lets somebody in.
    expect(made.includes(sshKey)).toBe(text.includes('sshKeys'));
    expect(made).not.toContain('ops@example');
    const remarks = (of: string) => of.split('\n').filter((line) => line.trim().startsWith('#')).length;
    expect(remarks(made)).toBeGreaterThanOrEqual(remarks(text) - 1);
    expect(made).toContain('named after it: mine.raw.');
  });

  it('changes nothing but the name where nothing else is wished', async () => {
    const text = await presetText('minimal');
    const made = await adapted(text, { name: 'minimal', output: 'iso', sshKey: undefined });
    expect(parse(made)).toEqual(parse(text));
  });

  it('tells what does not go together', async () => {
    const wrong = adapted(await presetText('minimal'), { name: 'a b', output: 'iso', sshKey: 'no key' });
    const failure = await wrong.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CliFailure);
    expect((failure as CliFailure).fields.map((field) => field.path).sort()).toEqual(['name', 'users[0].sshKeys[0]']);
  });
});

it('lbuild init asks on a terminal, and offers the key of the one who sits there', async () => {
  const home = path.join(cli.folder, 'home');
  await mkdir(path.join(home, '.ssh'), { recursive: true });
  await writeFile(path.join(home, '.ssh', 'id_ed25519.pub'), `${sshKey}\n`);
  const command = `stty cols 100 rows 30; ${process.execPath} ${path.resolve('cli/lbuild.mjs')} init asked.yaml`;
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { ...process.env, HOME: home, TERM: 'xterm' },
    cwd: cli.folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // A name that is none is asked for again.
  const answers = [
    ['What is it to be?', '\r'],
    ['Its name', ' X\r'],
    ['Its name', '\u0015edge\r'],
    ['What is to be made', '\u001b[B\r'],
    ['Public key', '\r'],
  ];
  let shown = '';
  let read = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [question = '\0', answer = ''] = answers[0] ?? [];
    const at = shown.indexOf(question, read);
    if (at === -1) return;
    read = shown.length;
    answers.shift();
    // What is typed before the question listens is lost.
    setTimeout(() => child.stdin.write(answer), 300);
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect([code, shown]).toEqual([0, expect.stringContaining('asked.yaml written')]);
  expect(shown).toContain('is not a name for a spec');
  const spec = parse(await readFile(path.join(cli.folder, 'asked.yaml'), 'utf8'));
  expect(spec).toMatchObject({ name: 'edge', outputs: [{ type: 'raw' }], users: [{ sshKeys: [sshKey] }] });
});

it('lbuild init --from writes the spec of a build, which is the same build again', async () => {
  const spec =
    'schemaVersion: 1\nname: edge\nbase: { distribution: debian, release: trixie, architecture: amd64 }\npackages: { install: [nginx-light, curl] }\noutputs: [{ type: tar }]\n';
  const started = await cli.run(['start', await fileIn(cli.folder, 'spec.yaml', spec), '--json']);
  const { id, specDigest } = JSON.parse(started.out);
  const written = await cli.run(['init', 'again.yaml', '--from', id]);
  expect([written.code, written.out]).toEqual([0, 'again.yaml written; next: lbuild start again.yaml --wait\n']);
  const again = await cli.run(['start', 'again.yaml', '--force', '--json']);
  expect(JSON.parse(again.out).specDigest).toBe(specDigest);
  const missing = await cli.run(['init', 'none.yaml', '--from', `bld_${'0'.repeat(26)}`]);
  expect([missing.code, missing.err]).toEqual([3, expect.stringContaining('build.not_found')]);
  expect((await cli.run(['init', 'x.yaml', '--from', id, '--preset', 'minimal'])).code).toBe(2);
});

it('lbuild builds ls is lbuild list', async () => {
  const [one, other] = [await cli.run(['builds', 'ls', '--json']), await cli.run(['list', '--json'])];
  expect(JSON.parse(one.out).builds.length).toBeGreaterThan(0);
  expect(one).toEqual(other);
});
