import { describe, expect, it } from 'vitest';
import { printable } from '../../../core/builds/printable.ts';

describe('text that builds wrote, as people see it', () => {
  it.each([
    ['plain', 'naïve — ✓ 日本\ttab', 'naïve — ✓ 日本\ttab'],
    ['colours', '\u001b[31mred\u001b[0m', 'red'],
    ['a cleared screen', 'a\u001b[2J\u001b[Hb', 'ab'],
    ['a title, ended by a bell or not', '\u001b]0;title\u0007a\u001b]0;rest', 'a'],
    ['a link', '\u001b]8;;http://127.0.0.1\u001b\\here\u001b]8;;\u001b\\', 'here'],
    ['control characters of eight bits', '\u009b2Ja\u0085b', '2Jab'],
    ['ends of lines, those of Unicode too', 'a\r\nb\u2028c\u2029d', 'abcd'],
    ['turned text', '\u202egnp.exe\u202c \u2066a\u2069 \u200e\u200f\u061cb', 'gnp.exe a b'],
  ])('%s', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });
});
