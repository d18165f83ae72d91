import { describe, expect, it } from 'vitest';
import { inOrder, pluginDeclarationSchema } from '../../../core/plugins/declaration.ts';
import { isFetchHost } from '../../../core/plugins/fetch-host.ts';
import { grantsOf, limitsOf } from '../../../core/plugins/grants.ts';

const least = { name: 'labels', hooks: ['transformSpec'] };

describe('a declaration', () => {
  it('needs a name and hooks, and is fail-closed and without grants unless it says otherwise', () => {
    expect(pluginDeclarationSchema.parse(least)).toEqual({
      ...{ ...least, description: '', order: 100, onFailure: 'fail-closed', timeoutMilliseconds: 2_000 },
      wants: { clock: false, random: false, fetch: [] },
    });
  });

  it('has its hooks and hosts once, in order', () => {
    const wants = { fetch: ['b.example.com', 'a.example.com', 'b.example.com'] };
    const hooks = ['planPolicy', 'transformSpec', 'planPolicy'];
    expect(pluginDeclarationSchema.parse({ ...least, hooks, wants })).toMatchObject({
      hooks: ['transformSpec', 'planPolicy'],
      wants: { fetch: ['a.example.com', 'b.example.com'] },
    });
  });

  it.each([
    ['no hooks', { hooks: [] }],
    ['a hook that there is not', { hooks: ['constructor'] }],
    ['a name in capitals', { name: 'Labels' }],
    ['a name that is a path', { name: '../labels' }],
    ['an order of minus one', { order: -1 }],
    ['more time than there is', { timeoutMilliseconds: 2_001 }],
    ['hardly any time', { timeoutMilliseconds: 10 }],
    ['another mode of failure', { onFailure: 'ignore' }],
    ['a description of two lines', { description: 'a\nb' }],
    [
      'more hosts than an admin looks at',
      { wants: { fetch: Array.from({ length: 11 }, (_, n) => `h${n}.example.com`) } },
    ],
    ['all hosts', { wants: { fetch: ['*'] } }],
    ['something else', { wants: { network: true } }],
    ['a member that is unknown', { code: 'x' }],
    ['events without their hook', { events: ['build.failed'] }],
    ['the hook of events without events', { hooks: ['onEvent'] }],
    ['events that there are not', { hooks: ['onEvent'], events: ['build.exploded'] }],
  ])('is refused for %s', (_, change) => {
    expect(pluginDeclarationSchema.safeParse({ ...least, ...change }).success).toBe(false);
  });

  it('says which events are heard', () => {
    const heard = pluginDeclarationSchema.parse({ ...least, hooks: ['onEvent'], events: ['build.*', 'build.*'] });
    expect(heard.events).toEqual(['build.*']);
  });
});

describe('a host that may be asked', () => {
  it.each(['api.example.com', 'a-b.c1.example', 'xn--bcher-kva.example', 'intranet', `${'a'.repeat(63)}.example`])(
    'is %s',
    (host) => expect(isFetchHost(host)).toBe(true),
  );

  it.each([
    ...[
      '',
      '.',
      'a.',
      '.a',
      'a..b',
      '-a.example',
      'a-.example',
      'a_b.example',
      'A.example',
      'bücher.example',
      '*.example',
    ],
    ...[
      'a.example:443',
      'a.example/',
      'https://a.example',
      'user@a.example',
      'a.example#',
      'a b.example',
      'a.example\n',
    ],
    ...['127.0.0.1', '127.1', '0x7f.1', '0x7f000001', '2130706433', '017700000001', '[::1]', '::1', '169.254.169.254'],
    ...['1.2.3.4.5', 'example.1', 'example.0x1', `${'a'.repeat(64)}.example`, `${'a.'.repeat(126)}aa`],
  ])('is not %o', (host) => expect(isFetchHost(host)).toBe(false));
});

describe('what a run has', () => {
  const moment = { now: '2026-11-28T00:00:00.000Z', seed: 'bld_1' };
  const all = { clock: true, random: true, fetch: ['a.example.com', 'b.example.com'] };
  const none = { clock: false, random: false, fetch: [] };

  it('is what is both wanted and granted', () => {
    expect(grantsOf({ name: 'a', wants: all, granted: none }, 'transformSpec', moment)).toEqual({ fetchHosts: [] });
    expect(grantsOf({ name: 'a', wants: none, granted: all }, 'transformSpec', moment)).toEqual({ fetchHosts: [] });
    const granted = { clock: true, random: false, fetch: ['b.example.com', 'c.example.com'] };
    expect(grantsOf({ name: 'a', wants: all, granted }, 'transformSpec', moment)).toEqual({
      ...{ clock: moment.now, fetchHosts: ['b.example.com'] },
    });
  });

  it('is a seed of its own, the same each time', () => {
    const seedOf = (name: string, hook: 'transformSpec' | 'planPolicy', seed = 'bld_1') =>
      grantsOf({ name, wants: all, granted: all }, hook, { ...moment, seed }).randomSeed;
    const seeds = [seedOf('a', 'transformSpec'), seedOf('b', 'transformSpec'), seedOf('a', 'planPolicy')];
    expect(new Set([...seeds, seedOf('a', 'transformSpec', 'bld_2')]).size).toBe(4);
    expect(seedOf('a', 'transformSpec')).toBe(seeds[0]);
  });

  it('is the time that was declared', () => {
    expect(limitsOf({ timeoutMilliseconds: 300 })).toMatchObject({ cpuMilliseconds: 300, memoryBytes: 32 * 1_048_576 });
  });
});

describe('the order of plugins', () => {
  it('is by number, then by name, of those that have the hook', () => {
    const plugins = [
      { name: 'c', order: 5, hooks: ['transformSpec' as const] },
      { name: 'b', order: 10, hooks: ['transformSpec' as const, 'onEvent' as const] },
      { name: 'a', order: 10, hooks: ['transformSpec' as const] },
      { name: 'd', order: 0, hooks: ['onEvent' as const] },
    ];
    expect(inOrder(plugins, 'transformSpec').map(({ name }) => name)).toEqual(['c', 'a', 'b']);
    expect(inOrder(plugins, 'onEvent').map(({ name }) => name)).toEqual(['d', 'b']);
  });
});
