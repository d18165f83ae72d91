import { z } from 'zod';
import { quoted } from '../text.ts';
import { imagePathRefusal } from './image-path.ts';
import { specLimits } from './limits.ts';
import { patternRefusal, patternText, type Refusal, ruledText } from './refusal.ts';

/** How the layers of an OCI archive are compressed. */
export const layerCompressions = ['gzip', 'zstd'] as const;

/** The grammar of references (CNCF distribution): an optional host with port, then path components; no upper case. */
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const hostLabel = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const imageName = {
  pattern: new RegExp(`^(?:${hostLabel}(?:\\.${hostLabel})*(?::[0-9]{1,5})?/)?${component}(?:/${component})*$`),
  maxLength: 255,
  what: 'the name of a container image',
  remedy: 'Use lower-case letters, digits and single `.`, `_` or `-` between them, in parts joined by `/`.',
};

/** Judges the name of an image: a reference without tag and digest. */
export function imageNameRefusal(name: string): Refusal | undefined {
  const code = 'spec.invalid_value';
  if (name.includes('@')) {
    const reason = `${quoted(name)} holds a digest, which nobody knows before the image is made`;
    return { code, reason, remedy: 'Give the name alone.' };
  }
  const refusal = patternRefusal(name, imageName);
  if (refusal !== undefined && name.slice(name.lastIndexOf('/') + 1).includes(':')) {
    return { code, reason: `${quoted(name)} holds a tag`, remedy: 'Give the tag in the field `tag`.' };
  }
  return refusal;
}

function workdirRefusal(path: string): Refusal | undefined {
  return path === '/' ? undefined : imagePathRefusal(path);
}

/** Judges a text of a configuration: what execve(2) takes, which is anything but NUL. */
function configurationRefusal(text: string): Refusal | undefined {
  if (text.includes('\0')) {
    return { code: 'spec.invalid_value', reason: 'the text holds a NUL character', remedy: 'Remove it.' };
  }
  const maxLength = specLimits.imageTextLength.value;
  return patternRefusal(text, { pattern: /^/, maxLength, what: 'a text', remedy: 'Put it into a file of the image.' });
}

const configurationText = ruledText(configurationRefusal, { maxLength: specLimits.imageTextLength.value });

const words = (what: string) =>
  z.array(configurationText.describe('One word.')).max(specLimits.imageWords.value).optional().describe(what);

/** Texts by name. The bound is checked here: zod's records have none. */
function namedTexts(name: z.ZodString, what: string) {
  const { value: most } = specLimits.imageNames;
  return z
    .record(name, configurationText.describe('The value.'))
    .check((context) => {
      const entries = Object.keys(context.value).length;
      if (entries <= most) return;
      context.issues.push({
        ...{ code: 'custom', input: context.value, message: `there are ${entries} entries` },
        params: { code: 'spec.too_many', remedy: `Give at most ${most} entries.` },
      });
    })
    .default({})
    .describe(what);
}

const port = '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
const account = '(?:[a-z_][a-z0-9_-]*|0|[1-9][0-9]{0,9})';

/** What a container image is called, and how a runtime starts it: the configuration of an OCI image. */
export const imageFields = {
  name: ruledText(imageNameRefusal, { minLength: 1, maxLength: imageName.maxLength, pattern: imageName.pattern.source })
    .optional()
    .describe(
      'Name of the image, with the host and path of a registry where it has one. Omitted: the name of the spec.',
    ),
  tag: patternText({
    pattern: /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/,
    maxLength: 128,
    what: 'the tag of a container image',
    remedy: 'Use letters, digits, `_`, and inner `.` and `-`.',
  })
    .default('latest')
    .describe('Tag of the image.'),
  entrypoint: words('Command that a container always runs, as a list of words. Omitted: none.'),
  cmd: words(
    'Command of a container, or the arguments of its entrypoint, where none are given at its start. Omitted: /bin/sh without an entrypoint, nothing with one.',
  ),
  env: namedTexts(
    patternText({
      pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
      maxLength: 128,
      what: 'the name of an environment variable',
      remedy: 'Use letters, digits and `_`, not beginning with a digit.',
    }),
    'Environment variables, by name. PATH is set where it is not given.',
  ),
  user: patternText({
    pattern: new RegExp(`^${account}(?::${account})?$`),
    maxLength: 65,
    what: 'a user of a container',
    remedy: 'Give a user in the image by name or number, in quotes, or a user and a group as "USER:GROUP".',
  })
    .optional()
    .describe('User that a container runs as, or USER:GROUP, by name or number. Omitted: root.'),
  workdir: ruledText(workdirRefusal, { maxLength: specLimits.pathBytes.value, pattern: '^/' })
    .optional()
    .describe('Folder that a container starts in, as an absolute path. Omitted: /.'),
  exposedPorts: z
    .array(
      patternText({
        pattern: new RegExp(`^${port}(?:/(?:tcp|udp|sctp))?$`),
        maxLength: 10,
        what: 'a port',
        remedy: 'Give a number from 1 to 65535 in quotes, with /udp or /sctp where it is not of TCP.',
      }).describe('One port.'),
    )
    .max(specLimits.imageNames.value)
    .default([])
    .describe('Ports that a container listens on, such as "80" or "53/udp".'),
  labels: namedTexts(
    patternText({
      pattern: /^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$/,
      maxLength: 128,
      what: 'the name of a label',
      remedy: 'Use letters, digits, and inner `.`, `_`, `/` and `-`, such as org.opencontainers.image.source.',
    }),
    'Labels of the image, by name. Those that begin with org.opencontainers.image. become annotations of an OCI image too.',
  ),
};

const imageSchema = z.strictObject(imageFields);
type ImageOptions = z.output<typeof imageSchema>;

/** The options of an image with all that depends on others filled in. */
export interface ResolvedImage {
  readonly name: string;
  readonly tag: string;
  readonly entrypoint: string[];
  readonly cmd: string[];
  readonly env: Record<string, string>;
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
  /** Each with its protocol, sorted. */
  readonly exposedPorts: string[];
  readonly labels: Record<string, string>;
}

/** A port with its protocol: `80` is `80/tcp`. */
export function portName(port: string): string {
  return port.includes('/') ? port : `${port}/tcp`;
}

/** Fills the defaults that depend on other fields. */
export function resolveImage<Output extends ImageOptions>(specName: string, output: Output): Output & ResolvedImage {
  const entrypoint = output.entrypoint ?? [];
  return {
    ...output,
    name: output.name ?? specName,
    entrypoint,
    cmd: output.cmd ?? (entrypoint.length > 0 ? [] : ['/bin/sh']),
    exposedPorts: output.exposedPorts.map(portName).sort(),
  };
}
