import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { exitCodes } from '../../cli/exit-codes.ts';
import { checkSpec } from '../../core/spec/check.ts';
import { architectures, outputTypes } from '../../core/spec/releases.ts';
import { contextNames } from '../../lib/configuration.ts';
import { documents, fencedBlocks, project, readDocument } from './markdown.ts';
import { commandsToRun, isRunBy, staleNames } from './reader/read.ts';
import { scenes, scenesOfClone, unrun } from './reader/scenes.ts';
import { commandsOf } from './shell-commands.ts';

const packageSchema = z.object({ scripts: z.record(z.string(), z.string()) });
const { scripts } = packageSchema.parse(JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')));

/** The project's documents, and those of its packages. */
const texts = [...documents, ...globSync('{cli,sdk,integrations/*}/README.md', { cwd: project }).sort()];

const helps = new Map<string, string>();

/** The help of a command of the CLI, as it prints it itself. */
function helpOf(...verbs: string[]): string {
  const name = verbs.join(' ');
  const known = helps.get(name);
  if (known !== undefined) return known;
  const result = spawnSync(process.execPath, [join(project, 'cli/main.ts'), ...verbs, '--help'], { encoding: 'utf8' });
  helps.set(name, result.stdout);
  return result.stdout;
}

/** Names of the commands that a help lists. */
function verbsIn(help: string): string[] {
  const list = /^Commands:\n((?: {2}.*\n)+)/m.exec(help)?.[1] ?? '';
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, verb = '']) => verb);
}

/** Why a call of the CLI cannot be right; undefined where nothing speaks against it. */
function problemOfCli(words: readonly string[]): string | undefined {
  const verbs: string[] = [];
  let rest = words;
  for (;;) {
    const known = verbsIn(helpOf(...verbs));
    const [next] = rest;
    if (known.length === 0) break;
    if (next === undefined || !known.includes(next)) return `lbuild ${verbs.join(' ')} has no command ${next}`;
    verbs.push(next);
    rest = rest.slice(1);
  }
  const help = helpOf(...verbs);
  const options = rest.filter((word) => word.startsWith('-') && word !== '-').map((word) => word.split('=')[0] ?? '');
  const unknown = options.filter((option) => !new RegExp(`(^|[ ,])${option}(?![a-z-])`, 'm').test(help));
  return unknown.length === 0 ? undefined : `lbuild ${verbs.join(' ')} has no option ${unknown.join(', ')}`;
}

/** Why a command of a document cannot be right; undefined where nothing speaks against it. */
function problemOf(command: string): string | undefined {
  const words = command.split(/\s+/).filter((word) => word !== 'sudo' && !/^[A-Z_]+=/.test(word));
  const [program = '', verb = '', name = ''] = words;
  if (program === 'npm') {
    if (verb === 'ci') return undefined;
    const script = verb === 'run' ? name : verb;
    return scripts[script] === undefined ? `package.json has no script ${script}` : undefined;
  }
  if (program === 'npx' && verb === 'lbuild') return problemOfCli(words.slice(2));
  if (program === 'npx' && verb === 'cdk') {
    if (!['synth', 'deploy', 'diff', 'destroy', 'bootstrap', 'list'].includes(name))
      return `cdk has no command ${name}`;
    const given = words.flatMap((word, at) => (word === '-c' ? [words[at + 1]?.split('=')[0] ?? ''] : []));
    const unknown = given.filter((context) => !contextNames.includes(context));
    return unknown.length === 0 ? undefined : `the deployment reads no context ${unknown.join(', ')}`;
  }
  if (program === 'npx') {
    if (!existsSync(join(project, 'node_modules/.bin', verb))) return `${verb} is not installed`;
    const paths = words.slice(2).filter((word) => /^(test|core|functions|docs)(\/|$)/.test(word));
    const missing = paths.filter((path) => !existsSync(join(project, path)));
    return missing.length === 0 ? undefined : `there is no ${missing.join(', ')}`;
  }
  if (program === 'node') return existsSync(join(project, verb)) ? undefined : `there is no ${verb}`;
  if (program.startsWith('scripts/')) return existsSync(join(project, program)) ? undefined : `there is no ${program}`;
  return undefined;
}

describe('commands of the documents', () => {
  it.each([
    ['npm run no-such-script', 'no script'],
    ['npm run', 'no script'],
    ['npx lbuild no-such-verb', 'no command'],
    ['npx lbuild local sideways', 'no command'],
    ['npx lbuild start x.yaml --no-such-option', 'no option'],
    ['sudo npx lbuild status ID --to x', 'no option'],
    ['npx cdk synth -c archives.suse=URL', 'no context'],
    ['npx no-such-tool', 'not installed'],
    ['npx vitest run test/no-such-room', 'there is no'],
    ['node scripts/no-such.ts', 'there is no'],
    ['scripts/no-such.sh', 'there is no'],
  ])('%s would be seen', (command, problem) => {
    expect(problemOf(command)).toContain(problem);
  });

  // Those of `npm test` are run, which shows more.
  it.each(scenesOfClone)(
    '$document names only what exists in what the longer run runs',
    (scene) => {
      const problems = commandsToRun(scene).map(problemOf);
      expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
    },
    // Each command of the CLI is a process that is asked for its help.
    120_000,
  );

  it.each(texts.filter((path) => commandsOf(readDocument(path)).length > 0))('%s: each command is run', (path) => {
    const of = [...scenes, ...scenesOfClone].filter(({ document }) => document === path);
    const commands = commandsOf(readDocument(path));
    expect(commands.filter((command) => !of.some((scene) => isRunBy(scene, command)))).toEqual(
      commands.filter((command) => unrun[command] !== undefined),
    );
  });

  it('scenes name nothing that is not in their document', () => {
    const stale = [...scenes.map(staleNames), ...scenesOfClone.map(staleNames)].flat();
    const all = texts.flatMap((path) => commandsOf(readDocument(path)));
    expect([...stale, ...Object.keys(unrun).filter((command) => !all.includes(command))]).toEqual([]);
  });

  it('a remark is no part of a command, and what is quoted is no remark', () => {
    const text = '```sh\n# alone\n$ a  b   # why\nsay "c # d" \'#\' e#f \\\n  --g\n```\n';
    expect(commandsOf(text)).toEqual(['a b', `say "c # d" '#' e#f --g`]);
  });

  it('README gives the two commands, the longer run, the CLI and the deployment', () => {
    const commands = commandsOf(readDocument('README.md'));
    expect(commands).toEqual(expect.arrayContaining(['npm run quickstart', 'npm test', 'npm run test:images']));
    expect(commands.filter((command) => command.startsWith('npx lbuild')).length).toBeGreaterThanOrEqual(5);
    expect(commands).toContain('npx cdk synth -c archives.debian=URL');
  });

  it('docs/cli.md has a line for each command and each exit code of the CLI', () => {
    const text = readDocument('docs/cli.md').replace(/ +/g, ' ');
    for (const verb of verbsIn(helpOf()).filter((name) => name !== 'help'))
      expect(text).toContain(`| \`lbuild ${verb}`);
    for (const { code, meaning } of Object.values(exitCodes)) expect(text).toContain(`| ${code} | ${meaning} |`);
  });
});

describe('specs of the documents', () => {
  const specs = documents.flatMap((path) =>
    fencedBlocks(readDocument(path))
      .filter((block) => block.language === 'yaml' && block.text.startsWith('schemaVersion:'))
      .map((block) => ({ path, text: block.text })),
  );

  it('there is one in README', () => {
    expect(specs.map(({ path }) => path)).toContain('README.md');
  });

  it.each(specs)('the spec of $path is valid', ({ text }) => {
    const checked = checkSpec(parse(text), { architectures, outputs: outputTypes });
    expect(checked.ok ? [] : checked.errors).toEqual([]);
  });
});
