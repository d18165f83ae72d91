import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { ConfigurationFile } from '../../../containers/builder/programs/configuration/configuration-file.ts';
import { firewallFiles } from '../../../containers/builder/programs/configuration/firewall.ts';
import { kernelModuleFiles } from '../../../containers/builder/programs/configuration/kernel-modules.ts';
import { ntpFiles } from '../../../containers/builder/programs/configuration/ntp.ts';
import { sshFiles } from '../../../containers/builder/programs/configuration/ssh.ts';
import { sysctlFiles } from '../../../containers/builder/programs/configuration/sysctl.ts';
import { firewallSchema } from '../../../core/spec/configuration/firewall.ts';
import { kernelModulesSchema } from '../../../core/spec/configuration/kernel-modules.ts';
import { ntpSchema } from '../../../core/spec/configuration/ntp.ts';
import { sshSchema } from '../../../core/spec/configuration/ssh.ts';
import { sysctlSchema } from '../../../core/spec/configuration/sysctl.ts';

/** Texts of pieces that mean something in one of the files. */
const pieces = [
  'a',
  'b1',
  '2',
  '0',
  '.',
  ':',
  '/',
  '-',
  '_',
  '\n',
  '\r',
  '\t',
  ' ',
  '"',
  "'",
  ';',
  '#',
  '{',
  '}',
  '[',
  ']',
];
const more = [
  '\\',
  '\0',
  '$(id)',
  '\u2028',
  '\u0085',
  '=',
  ',',
  '*',
  '!',
  '%',
  'install x /bin/sh',
  'accept',
  '::',
  '10.0.0.0/8',
];
const hostile = fc
  .array(fc.constantFrom(...pieces, ...more), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''));

/** Where a text of a tenant's goes into a file: a value with it, and what lines the file may then have. */
interface Place {
  readonly what: string;
  readonly write: (text: string) => ConfigurationFile[] | undefined;
  /** Every line of the files with the text, but for those that a file has anyway. */
  readonly line: RegExp;
  readonly count: number;
}

const place = <Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  files: (value: z.output<Schema>) => ConfigurationFile[],
  value: (text: string) => unknown,
  line: RegExp,
  count = 1,
): Place => ({
  what,
  write: (text) => {
    const read = schema.safeParse(value(text));
    return read.success ? files(read.data) : undefined;
  },
  line,
  count,
});

const places: readonly Place[] = [
  place('a server', ntpSchema, ntpFiles, (text) => ({ servers: ['s', text] }), /^NTP=s [A-Za-z0-9.:-]+$/),
  place('a parameter', sysctlSchema, sysctlFiles, (text) => ({ [`vm.${text}`]: '1' }), /^vm\.[A-Za-z0-9_*./-]+ = 1$/),
  place('a value', sysctlSchema, sysctlFiles, (text) => ({ 'vm.x': text }), /^vm\.x = [!-~]([\t -~]*[!-~])?$/),
  place('a module', kernelModulesSchema, kernelModuleFiles, (text) => ({ load: [text] }), /^[A-Za-z0-9_-]+$/),
  place(
    'a blocked module',
    kernelModulesSchema,
    kernelModuleFiles,
    (text) => ({ block: [text] }),
    /^(blacklist [A-Za-z0-9_-]+|install [A-Za-z0-9_-]+ \/bin\/false)$/,
    2,
  ),
  place('a user', sshSchema, sshFiles, (text) => ({ allowUsers: [text] }), /^AllowUsers [a-z0-9_-]+$/),
  place('a group', sshSchema, sshFiles, (text) => ({ allowGroups: [text] }), /^AllowGroups [a-z0-9_-]+$/),
  place(
    'a port',
    firewallSchema,
    firewallFiles,
    (text) => ({ allow: [{ port: text }] }),
    /^\t\ttcp dport [0-9-]+ accept$/,
  ),
  place(
    'a source',
    firewallSchema,
    firewallFiles,
    (text) => ({ allow: [{ port: '1', sources: [text] }] }),
    /^\t\tip6? saddr [0-9A-Fa-f.:/]+ tcp dport 1 accept$/,
  ),
];

describe('a text of a tenant', () => {
  it.each(places)('adds one line of its kind as $what, or is refused (property)', ({ write: written, line, count }) => {
    let accepted = 0;
    const others = new Set<number>();
    fc.assert(
      fc.property(hostile, (text) => {
        const files = written(text);
        if (files === undefined) return;
        accepted += 1;
        const lines = files.flatMap(({ content }) => content.split(/[\n\r\v\f\u0085\u2028\u2029]/));
        expect(lines.filter((one) => line.test(one))).toHaveLength(count);
        others.add(lines.length - count);
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(0);
    // What stands there beside is the same whatever the text is.
    expect(others.size).toBe(1);
  });
});
