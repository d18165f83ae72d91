import { z } from 'zod';

const text = z.string().optional().catch(undefined);
const texts = z.array(text).catch([]);
/** Whether a member is there, whatever it is. */
const anything = z.unknown().optional();
const lists = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.array(z.object(shape).nullable().catch(null)).catch([]);

/**
 * The names in an input and nothing else, read leniently: what has another type is absent, and every index stays as it
 * is in the input. So the rules between fields can be checked even where single fields are wrong.
 */
export const outlineSchema = z.object({
  base: z.object({ architecture: text, snapshot: text }).catch({ architecture: undefined, snapshot: undefined }),
  packages: z
    .object({
      ...{ install: texts, remove: texts, hold: texts },
      pins: lists({ package: text, version: anything, release: anything }),
    })
    .catch({ install: [], remove: [], hold: [], pins: [] }),
  groups: lists({ name: text, gid: z.number().optional().catch(undefined) }),
  users: lists({
    ...{ name: text, uid: z.number().optional().catch(undefined), groups: texts, sshKeys: texts },
    ...{ home: text, passwordHash: anything, mustChangePassword: anything, locked: anything },
    sudo: z
      .union([z.object({ commands: texts }), z.literal(true)])
      .optional()
      .catch(undefined),
  }),
  rootAccount: z
    .object({ sshKeys: texts, passwordHash: anything, mustChangePassword: anything, locked: anything })
    .optional()
    .catch(undefined),
  directories: lists({ path: text }),
  files: lists({ path: text, content: anything, base64: anything, upload: anything }),
  remove: lists({ path: text }),
  firstBoot: lists({ name: text }),
  services: z.object({ enable: texts, disable: texts, mask: texts }).catch({ enable: [], disable: [], mask: [] }),
  kernel: z.object({ package: text, cmdline: texts }).catch({ package: undefined, cmdline: [] }),
  steps: lists({ id: text, needs: texts.optional() }),
  embedSpec: z.boolean().optional().catch(undefined),
  tests: lists({ boot: anything, run: anything, port: anything, retries: anything }),
  outputs: lists({ type: text, exposedPorts: texts, defaultUser: text }),
});
export type Outline = z.output<typeof outlineSchema>;
