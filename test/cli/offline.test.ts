import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandTable } from '../../cli/command-table.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { processOutput } from '../../cli/output.ts';
import { presets } from '../../functions/shared/presets.ts';
import { exampleYaml } from '../functions/api/example-spec.ts';
import { fileIn, runCli } from './engine-under-test.ts';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'lbuild-offline-'));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
const run = (...args: string[]) => runCli(args, { cwd });

describe('lbuild without an engine', () => {
  it('explains itself and its exit codes', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    for (const { code: number, meaning } of Object.values(exitCodes)) {
      expect(out).toContain(`${String(number).padStart(5)}  ${meaning}`);
    }
  });

  it.each([[[]], [['bogus']], [['start']], [['list', '--bogus']], [['local']]])(
    'exits 2 for wrong usage: %j',
    async (args) => {
      const { code, out, err } = await run(...args);
      expect([code, out]).toEqual([2, '']);
      expect(err).not.toBe('');
    },
  );

  it.each(commandTable)('knows %s by its name', async (name, load) => {
    expect((await load(processOutput())).name()).toBe(name);
  });

  it('prints the JSON Schema of a spec', async () => {
    const { code, out } = await run('schema');
    expect(code).toBe(0);
    const [spec, templated] = [['schemaVersion', 'name', 'base'], ['template']];
    expect(JSON.parse(out)).toMatchObject({
      anyOf: [
        { type: 'object', required: spec },
        { type: 'object', required: templated },
      ],
    });
    const template = await run('schema', '--template');
    expect(JSON.parse(template.out)).toMatchObject({ title: 'Template', required: ['name', 'spec'] });
  });

  it('writes a first spec that is valid, and never over another file', async () => {
    expect((await run('init', 'mine.yaml')).code).toBe(0);
    expect((await run('validate', 'mine.yaml')).out).toContain('is valid (checked without an engine)');
    await fileIn(cwd, 'mine.yaml', 'kept');
    const again = await run('init', 'mine.yaml');
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('--force')]);
    expect(await readFile(path.join(cwd, 'mine.yaml'), 'utf8')).toBe('kept');
    expect((await run('init', 'mine.yaml', '--force')).code).toBe(0);
  });

  it('writes the preset that is asked for, and says which there are', async () => {
    const unknown = await run('init', '--preset', '../cli', 'none.yaml');
    const [, list = ''] = /Name one of these: (.*)\./.exec(unknown.err) ?? [];
    expect([unknown.code, list]).toEqual([2, presets.map(({ name }) => name).join(', ')]);
    expect((await run('init', '--preset', 'database', 'database.yaml')).code).toBe(0);
    const preset = new URL('../../presets/database.yaml', import.meta.url);
    expect(await readFile(path.join(cwd, 'database.yaml'), 'utf8')).toBe(await readFile(preset, 'utf8'));
  });

  it.each([
    ['a wrong field', exampleYaml.replace('trixie', 'potato'), 'base.release'],
    ['no YAML', 'a: [', 'request.unreadable'],
    ['nothing', '', 'spec.'],
  ])('exits 2 for a spec with %s', async (_name, text, expected) => {
    const file = await fileIn(cwd, 'wrong.yaml', text);
    const { code, err } = await run('validate', file, '--offline');
    expect([code, err]).toEqual([2, expect.stringContaining(expected)]);
  });

  it('exits 2 for a file that is not there', async () => {
    expect((await run('validate', 'nothing.yaml')).code).toBe(2);
  });

  it('says that no engine runs in a folder, and that none was to be stopped', async () => {
    const status = await run('local', 'status', '--dir', 'nowhere');
    expect([status.code, status.err]).toEqual([6, expect.stringContaining('engine.not_running')]);
    const down = await run('local', 'down', '--dir', 'nowhere', '--json');
    expect([down.code, JSON.parse(down.out)]).toEqual([0, { folder: path.join(cwd, 'nowhere'), stopped: false }]);
  });

  it('never ends a process that only got the number of a dead engine', async () => {
    const content = { pid: process.pid, url: 'http://127.0.0.1:9', startedAt: new Date().toISOString() };
    await fileIn(cwd, 'engine.json', JSON.stringify(content));
    const down = await run('local', 'down', '--dir', cwd);
    expect([down.code, down.out]).toEqual([0, expect.stringContaining('no engine runs')]);
  });

  it('says by doctor that no engine is known, and what to do', async () => {
    const told = await run('doctor');
    expect([told.code, told.out]).toEqual([
      7,
      expect.stringMatching(/^failed {3}connection .*\[cli\.no_engine\]\n +Start/m),
    ]);
    expect((await run('doctor', '--region', 'x')).code).toBe(2);
  });
});
