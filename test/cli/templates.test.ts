import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { webTemplate } from '../functions/api/template-calls.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
beforeAll(async () => {
  cli = await openCli();
  await fileIn(cli.folder, 'web.yaml', stringify({ name: 'web', ...webTemplate }));
  await fileIn(cli.folder, 'shop.yaml', 'template: web\nname: shop\nparameters:\n  hostname: shop\n');
});
afterAll(() => cli?.close());

describe('lbuild templates', { timeout: 240_000 }, () => {
  it('makes one from a file, shows what it takes, and publishes its next version', async () => {
    const made = await cli.run(['templates', 'create', 'web.yaml']);
    expect([made.code, made.out]).toEqual([
      0,
      expect.stringMatching(/^web {2}tpl_\w{26}@1 {2}tenant {2}0 use\(s\) {2}A web server at the edge\n$/),
    ]);
    const shown = (await cli.run(['templates', 'show', 'web@1'])).out;
    expect(shown).toMatch(/^ {2}hostname {2}string {2}required {2}What it is called\.$/m);
    expect(shown).toMatch(/^ {2}level {2}integer {2}default 4$/m);
    expect((await cli.run(['templates', 'show', 'web', '--spec'])).out).toMatch(/parameters\.hostname/);
    expect((await cli.run(['templates', 'publish', 'web.yaml', '--notes', 'again'])).out).toBe('web@2\n');
    expect((await cli.run(['templates', 'show', 'web'])).out).toMatch(/^version 2, of .*: again$/m);
  });

  it('starts, plans and checks a spec that names one, and warns where it is deprecated', async () => {
    expect((await cli.run(['validate', 'shop.yaml'])).out).toContain('is valid');
    const offline = await cli.run(['validate', 'shop.yaml', '--offline']);
    expect([offline.code, offline.err]).toEqual([2, expect.stringContaining('looked up in an engine')]);
    const started = await cli.run(['start', 'shop.yaml']);
    expect([started.code, started.out, started.err]).toEqual([0, expect.stringMatching(/^bld_\w+ .* shop\n$/), '']);
    await cli.run(['templates', 'deprecate', 'web', 'Nobody mends it.', '--replacement', 'preset-minimal']);
    for (const verb of ['start', 'plan']) {
      const { code, err } = await cli.run([verb, 'shop.yaml']);
      expect([code, err]).toEqual([0, 'warning: web is deprecated: Nobody mends it. Use preset-minimal instead.\n']);
    }
    expect((await cli.run(['templates', 'ls'])).out).toMatch(/^web .*deprecated/m);
    await cli.run(['templates', 'deprecate', 'web', '--undo']);
    expect((await cli.run(['templates', 'ls'])).out).not.toContain('deprecated');
  });

  it('finds, shares, forks and removes', async () => {
    expect((await cli.run(['templates', 'search', 'serv', 'edge'])).out).toMatch(/^web /);
    expect((await cli.run(['templates', 'search', 'nothing'])).out).toBe('');
    expect((await cli.run(['templates', 'share', 'web', 'public'])).out).toContain('public');
    expect((await cli.run(['templates', 'ls', '--visibility', 'public', '--tag', 'web'])).out).toMatch(/^web /);
    expect((await cli.run(['templates', 'fork', 'web@1', 'mine'])).out).toMatch(/^mine /);
    expect((await cli.run(['templates', 'show', 'mine'])).out).toMatch(/^forked from tpl_\w+@1$/m);
    expect((await cli.run(['templates', 'rm', 'mine'])).out).toBe('mine removed\n');
    const gone = await cli.run(['templates', 'show', 'mine']);
    expect([gone.code === 0, gone.err]).toEqual([false, expect.stringContaining('template.not_found')]);
  });

  it('reviews what one has built, and nothing else', async () => {
    const refused = await cli.run(['templates', 'review', 'web', '--rating', '5', '--text', 'good']);
    expect(refused.err).toContain('template.not_built');
    expect((await cli.run(['templates', 'review', 'web'])).err).toContain('cli.no_rating');
    expect((await cli.run(['templates', 'reviews', 'web'])).out).toBe('');
  });

  it('tells all errors of a file, by its fields', async () => {
    await fileIn(cli.folder, 'bad.yaml', 'name: bad\nparameters: { x: { type: boolean } }\nspec: {}\n');
    const { code, err } = await cli.run(['templates', 'create', 'bad.yaml']);
    expect([code, err]).toEqual([2, expect.stringContaining('parameters.x')]);
    await fileIn(cli.folder, 'list.yaml', '[]');
    expect((await cli.run(['templates', 'create', 'list.yaml'])).err).toContain('request.unreadable');
  });

  it('presets are listed', async () => {
    expect((await cli.run(['presets'])).out).toMatch(/^preset-minimal@1 {2}public/m);
  });
});
