import { z } from 'zod';
import { quoted } from '../text.ts';
import { kernelModulesSchema } from './configuration/kernel-modules.ts';
import { specLimits } from './limits.ts';
import { patternRefusal, patternText, type Refusal, ruledText } from './refusal.ts';

/** Debian policy 5.6.1: lower-case letters, digits, `+`, `-`, `.`; two characters at least. */
const packageName = {
  pattern: /^[a-z0-9][a-z0-9+.-]+$/,
  maxLength: 128,
  what: 'the name of a package',
  remedy: 'Give the bare name, as `apt-cache search` shows it: no version, release, architecture or pattern.',
};

/** Judges a package name. apt reads a final `-` as an order to remove, so that form is refused. */
export function packageNameRefusal(name: string): Refusal | undefined {
  if (name.endsWith('-')) {
    const reason = `${quoted(name)} ends with \`-\`, which apt reads as an order to remove`;
    return { code: 'spec.invalid_value', reason, remedy: 'Put the bare name into packages.remove.' };
  }
  return patternRefusal(name, packageName);
}

const nameField = ruledText(packageNameRefusal, {
  minLength: 2,
  maxLength: packageName.maxLength,
  pattern: packageName.pattern.source,
}).describe('Name of a package.');
const nameList = z.array(nameField).max(specLimits.packages.value);
const packageNames = nameList.default([]);

/** Which version of a package apt takes, in the words of apt_preferences(5). */
const pinSchema = z
  .strictObject({
    package: nameField,
    version: patternText({
      pattern: /^[0-9][A-Za-z0-9.+~:-]*\*?$/,
      maxLength: 128,
      what: 'a version of a package',
      remedy: 'Give a version as `apt-cache policy` shows it, or its beginning and `*`, such as 1.26.*',
    })
      .optional()
      .describe('Its version, or the beginning of it and `*`. Either this or `release`.'),
    release: patternText({
      pattern: /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/,
      maxLength: 64,
      what: 'the code name of a release',
      remedy: 'Give the code name of one of the archive’s suites, such as trixie-security.',
    })
      .optional()
      .describe('The suite that it comes from, such as trixie-security. Either this or `version`.'),
    priority: z
      .int()
      .min(-1)
      .max(9_999)
      .check((context) => {
        if (context.value !== 0) return;
        context.issues.push({
          ...{ code: 'custom', input: context.value, message: 'apt has no priority 0' },
          params: { code: 'spec.invalid_value', remedy: 'Give -1 to shut it out, or a priority from 1.' },
        });
      })
      .describe('Priority, never 0: from 1000 it is taken even where that is a step back; -1 shuts it out.'),
  })
  .describe('A pin.');

/** Packages to install and to remove. */
export const packagesSchema = z
  .strictObject({
    install: packageNames.describe('Packages to install, with all that they depend on.'),
    remove: packageNames.describe('Packages to remove after the installation, with their configuration.'),
    recommends: z.boolean().default(false).describe('Install what the packages recommend, too.'),
    pins: z
      .array(pinSchema)
      .max(specLimits.pins.value)
      .optional()
      .describe('Which versions of packages apt takes, in the build and in the image.'),
    hold: nameList.optional().describe('Installed packages that no upgrade changes.'),
  })
  .describe('Packages to install and to remove.');

/** One argument of the kernel: no white space, and none of the characters that boot loaders interpret. */
const kernelArgument = patternText({
  pattern: /^[A-Za-z0-9_.,:=/@%+~^!*()[\]-]+$/,
  maxLength: 256,
  what: 'one kernel argument',
  remedy: 'Give one argument an entry, of letters, digits and _ . , : = / @ % + ~ ^ ! * ( ) [ ] -',
});

/** The kernel, its arguments and its modules. */
export const kernelSchema = z
  .strictObject({
    package: patternText({
      pattern: /^linux-image-[a-z0-9+.-]*[a-z0-9+.]$/,
      maxLength: packageName.maxLength,
      what: 'the name of a kernel package',
      remedy: 'Give a package linux-image-…, such as linux-image-amd64.',
    })
      .optional()
      .describe('Package of the kernel. Omitted: linux-image-ARCHITECTURE of Debian, linux-image-generic of Ubuntu.'),
    cmdline: z
      .array(kernelArgument.describe('One argument.'))
      .max(specLimits.kernelArguments.value)
      .default([])
      .describe('Arguments of the kernel, in their order, beside those that the image needs to boot.'),
    modules: kernelModulesSchema.optional(),
  })
  .describe('The kernel, its arguments and its modules.');
