import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { completionScripts, shells } from '../../cli/completion/scripts.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const valuesAt = async (...words: string[]) => {
  const { code, out, err } = await cli.run(['__complete', '--', ...words]);
  expect([code, err]).toEqual([0, '']);
  return out.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']));
};

it('offers commands, options, choices and files where they may stand', async () => {
  expect(await valuesAt('')).toEqual(expect.arrayContaining(['start', 'templates', 'completion']));
  expect(await valuesAt('')).not.toContain('__complete');
  expect(await valuesAt('templates', '')).toEqual(expect.arrayContaining(['create', 'publish']));
  expect(await valuesAt('start', '--')).toEqual(expect.arrayContaining(['--wait', '--lock', '--json', '--help']));
  expect(await valuesAt('list', '--state', '')).toContain('awaiting_approval');
  expect(await valuesAt('completion', '')).toEqual([...shells]);
  for (const words of [
    ['start', ''],
    ['start', '--wait', ''],
    ['start', 'a.yaml', '--lock', ''],
    ['uploads', 'add', 'a', ''],
  ]) {
    expect(await valuesAt(...words)).toEqual([':files']);
  }
  expect(await valuesAt('start', '--team', '')).toEqual([]);
});

it('offers the ids of builds, and nothing where no engine answers', async () => {
  const spec =
    'schemaVersion: 1\nname: edge\nbase: { distribution: debian, release: trixie, architecture: amd64 }\noutputs: [{ type: tar }]\n';
  const started = await cli.run(['start', await fileIn(cli.folder, 'spec.yaml', spec), '--json']);
  const { id } = JSON.parse(started.out);
  expect(await valuesAt('status', '')).toEqual([id]);
  expect(await valuesAt('diff', id, '')).toEqual([id]);
  const environment = { LBUILD_URL: 'http://127.0.0.1:9', LBUILD_API_KEY: 'x' };
  const away = await cli.run(['__complete', '--', 'status', ''], { environment });
  expect([away.code, away.out, away.err]).toEqual([0, '', '']);
});

it('completes in bash: commands, options, and files that are named oddly', async () => {
  const tools = path.join(cli.folder, 'bin');
  await mkdir(tools);
  await writeFile(
    path.join(tools, 'lbuild'),
    `#!/bin/sh\nexec ${process.execPath} ${path.resolve('cli/lbuild.mjs')} "$@"\n`,
  );
  await chmod(path.join(tools, 'lbuild'), 0o755);
  const script = `${completionScripts.bash}
compopt() { echo "compopt $*"; }
for line in "$@"; do
  read -ra COMP_WORDS <<< "$line"; [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  _lbuild
  printf '%s\\n' "\${COMPREPLY[@]}" --
done`;
  const lines = ['lbuild templ', 'lbuild webhooks p', 'lbuild start --kee', 'lbuild start '];
  const { stdout, stderr } = await promisify(execFile)('bash', ['--norc', '-c', script, 'bash', ...lines], {
    env: { PATH: `${tools}:${process.env.PATH}`, HOME: cli.folder },
  });
  expect(stderr).toBe('');
  expect(stdout).toBe('templates\n--\nping\n--\n--keep-going\n--\ncompopt -o default\n--\n');
});
