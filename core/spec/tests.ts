import { z } from 'zod';
import { type FieldPath, valueAt } from './field-path.ts';
import { specLimits } from './limits.ts';
import type { Outline } from './outline.ts';
import { ruledText } from './refusal.ts';
import { type SpecError, specError } from './spec-errors.ts';
import { scriptRefusal } from './steps.ts';

/** Firmware that a machine starts with. */
export const firmwares = ['bios', 'uefi'] as const;
export type Firmware = (typeof firmwares)[number];

const bootSchema = z
  .strictObject({
    firmware: z
      .array(z.enum(firmwares).describe('Firmware.'))
      .min(1)
      .max(firmwares.length)
      .default([...firmwares])
      .describe('What the machine starts with; each one is a boot of its own.'),
    timeoutSeconds: z
      .int()
      .min(10)
      .max(specLimits.stepSeconds.value)
      .default(300)
      .describe('Seconds until the system must be up. The default is meant for a builder without KVM, too.'),
  })
  .describe('How the machine is started.');

/** A test of the image, in a machine that is started from the file which the build publishes. */
export const testSchema = z
  .strictObject({
    boot: bootSchema.optional(),
    run: ruledText(scriptRefusal, { minLength: 1, maxLength: specLimits.scriptBytes.value })
      .optional()
      .describe('Script that root runs in the booted system by /bin/sh -e; it must end with 0, within a minute.'),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe('TCP port of the booted system that must take a connection from outside.'),
    retries: z
      .int()
      .min(0)
      .max(specLimits.testRetries.value)
      .optional()
      .describe('How often `run` or `port` is tried again, each time five seconds later. Omitted: never.'),
  })
  .describe('A test: `boot`, `run` or `port`.');
type Test = z.output<typeof testSchema>;

/** A test that something in the booted system holds. */
export type Assertion =
  | { readonly run: string; readonly retries?: number | undefined }
  | { readonly port: number; readonly retries?: number | undefined };

/** The boot that holds where a spec has tests and says nothing of it. */
export const defaultBoot = { firmware: [...firmwares], timeoutSeconds: 300 };

/** Tests with the boot first, which is there in any case; undefined where there are none. The others keep their order. */
export function resolveTests(tests: readonly Test[] | undefined): Test[] | undefined {
  if (tests === undefined || tests.length === 0) return undefined;
  const boot = tests.find((test) => test.boot !== undefined)?.boot ?? defaultBoot;
  const firmware = firmwares.filter((name) => boot.firmware.includes(name));
  return [{ boot: { ...boot, firmware } }, ...tests.filter((test) => test.boot === undefined)];
}

/** The boot and the assertions of resolved tests. */
export function testsOf(tests: readonly Test[]): {
  readonly boot: z.output<typeof bootSchema>;
  readonly assertions: Assertion[];
} {
  const assertions = tests.flatMap(({ run, port, retries }): Assertion[] => {
    const again = retries === undefined ? {} : { retries };
    if (run !== undefined) return [{ run, ...again }];
    return port === undefined ? [] : [{ port, ...again }];
  });
  return { boot: tests.find((test) => test.boot !== undefined)?.boot ?? defaultBoot, assertions };
}

const kinds = ['boot', 'run', 'port'] as const;

/** Each test is of one kind, one boot is for all, and no emulation of another architecture is there to boot an image. */
export function testErrors(input: unknown, outline: Outline): SpecError[] {
  const { tests, base } = outline;
  const errors = tests.flatMap((test, index) => (test === null ? [] : kindErrors(test, ['tests', index])));
  const boots = tests.flatMap((test, index) => (test?.boot === undefined ? [] : index));
  for (const index of boots.slice(1)) {
    errors.push(
      specError(['tests', index, 'boot'], {
        code: 'spec.duplicate_name',
        reason: `\`boot\` is already given in tests[${boots[0]}]`,
        remedy: 'Give one: all other tests are run in each of its boots.',
      }),
    );
  }
  for (const index of boots) {
    const firmware = valueAt(input, ['tests', index, 'boot', 'firmware']);
    if (!Array.isArray(firmware) || new Set(firmware).size === firmware.length) continue;
    errors.push(
      specError(['tests', index, 'boot', 'firmware'], {
        code: 'spec.duplicate_name',
        reason: 'a firmware stands twice',
        remedy: 'Name each once.',
      }),
    );
  }
  if (tests.length > 0 && base.architecture === 'arm64') {
    errors.push(
      specError(['tests'], {
        code: 'spec.unsupported_option',
        reason: 'images for arm64 cannot be booted by a builder yet',
        remedy: 'Remove the tests, or build for amd64.',
      }),
    );
  }
  return errors;
}

function kindErrors(test: NonNullable<Outline['tests'][number]>, path: FieldPath): SpecError[] {
  const given = kinds.filter((kind) => test[kind] !== undefined);
  const [first, second] = given;
  if (first === undefined) {
    return [
      specError(path, {
        code: 'spec.missing',
        reason: 'neither `boot` nor `run` nor `port` is given',
        remedy: 'Give one of them.',
      }),
    ];
  }
  if (second !== undefined) {
    return [
      specError([...path, second], {
        code: 'spec.invalid_value',
        reason: `\`${first}\` is given too`,
        remedy: 'Make two tests of them.',
      }),
    ];
  }
  if (first !== 'boot' || test.retries === undefined) return [];
  return [
    specError([...path, 'retries'], {
      code: 'spec.invalid_value',
      reason: 'a boot is not tried again',
      remedy: 'Give a longer `timeoutSeconds`, or leave this out.',
    }),
  ];
}
