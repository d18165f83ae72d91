import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../core/errors.ts';
import { maxBodyBytes, readBody } from '../../../functions/shared/request-body.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
  return 'none';
}

describe('request bodies', () => {
  it('are absent where there are no bytes, whatever the type', () => {
    expect(readBody(new Uint8Array(), 'text/html')).toBeUndefined();
  });

  it.each(['application/yaml', 'application/x-yaml', 'text/yaml', 'Application/YAML; charset="UTF-8"'])(
    'are YAML 1.2 as %s',
    (type) => {
      expect(readBody(bytes('a: [0o10, no, 1.5, null, "x", 0x1F]\nb:\n  c: |\n    text\n'), type)).toEqual({
        a: [8, 'no', 1.5, null, 'x', 31],
        b: { c: 'text\n' },
      });
    },
  );

  it.each([
    ['a key that is no string', '1: a', 'request.unreadable'],
    ['a key that is a list', '? [a]\n: b', 'request.unreadable'],
    ['a merge key with an alias', 'a: &x {b: 1}\nc: {<<: *x}', 'request.unreadable'],
    ['a timestamp tag', 'a: !!timestamp 2001-01-01', 'request.unreadable'],
    ['a binary tag', 'a: !!binary aGk=', 'request.unreadable'],
    ['a set', 'a: !!set {b, c}', 'request.unreadable'],
    ['a custom tag', 'a: !secret x', 'request.unreadable'],
    ['an alias that names nothing', 'a: *x', 'request.unreadable'],
  ])('refuse YAML with %s', (_name, text, code) => {
    expect(codeOf(() => readBody(bytes(text), 'application/yaml'))).toBe(code);
  });

  it('are YAML 1.2 even where they say that they are not', () => {
    expect(readBody(bytes('%YAML 1.1\n---\na: [no, 2001-01-01, 0o7]\n'), 'application/yaml')).toEqual({
      a: ['no', '2001-01-01', 7],
    });
  });

  it('keep a key called __proto__ as data', () => {
    for (const [text, type] of [
      ['{"__proto__": {"a": 1}}', 'application/json'],
      ['__proto__: {a: 1}', 'application/yaml'],
    ] as const) {
      const value = readBody(bytes(text), type);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(Object.keys(Object(value))).toEqual(['__proto__']);
    }
  });

  it('may have the limit and not a byte more', () => {
    expect(readBody(bytes(`"${'x'.repeat(maxBodyBytes - 2)}"`), 'application/json')).toHaveLength(maxBodyBytes - 2);
    expect(codeOf(() => readBody(bytes(`"${'x'.repeat(maxBodyBytes - 1)}"`), 'application/json'))).toBe(
      'request.too_large',
    );
  });

  it('never quote more of themselves than a line in an error', () => {
    try {
      readBody(bytes(`{"a": ${'x'.repeat(5_000)}`), 'application/json');
      expect.unreachable();
    } catch (error) {
      expect(error instanceof EngineError && error.detail.length).toBeLessThan(300);
    }
  });

  it('cost time that grows with their length, not with its square', () => {
    const map = (keys: number) => bytes(Array.from({ length: keys }, (_, number) => `k${number}: 1`).join('\n'));
    const cost = (body: Uint8Array) => {
      const before = process.cpuUsage();
      readBody(body, 'application/yaml');
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    };
    cost(map(2_000));
    // The library's own check of repeated keys takes more than ten times as long.
    expect(cost(map(25_000))).toBeLessThan(3_000);
  });
});
