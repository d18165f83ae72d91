import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { readableJson, readableYaml } from '../../cli/output.ts';

/** CSI of one character, a mark that turns the direction of text, a line end of Unicode, DEL. */
const hostile = { run: 'echo safe \u202e; mr', content: 'a\u009b2Jb\u2028\u007f', '\u2066key': ['plain', 'ä'] };

it.each([
  ['JSON', readableJson, (text: string): unknown => JSON.parse(text)],
  ['YAML', readableYaml, (text: string): unknown => parse(text)],
])('%s shows what a terminal would act on, and says the same', async (_, write, read) => {
  const text = await write(hostile);
  expect(text).not.toMatch(/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
  expect(text).toContain('\\u202e');
  expect(read(text)).toEqual(hostile);
});
