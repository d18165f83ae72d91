import { z } from 'zod';

const text = z.string().optional().catch(undefined);
const texts = z.array(text).catch([]);
const lists = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.array(z.object(shape).nullable().catch(null)).catch([]);

/**
 * The names in an input and nothing else, read leniently: what has another type is absent, and every index stays as it
 * is in the input. So the rules between fields can be checked even where single fields are wrong.
 */
export const outlineSchema = z.object({
  base: z.object({ architecture: text }).catch({ architecture: undefined }),
  packages: z.object({ install: texts, remove: texts }).catch({ install: [], remove: [] }),
  groups: lists({ name: text, gid: z.number().optional().catch(undefined) }),
  users: lists({ name: text, uid: z.number().optional().catch(undefined), groups: texts, sshKeys: texts }),
  files: lists({ path: text }),
  services: z.object({ enable: texts, disable: texts, mask: texts }).catch({ enable: [], disable: [], mask: [] }),
  kernel: z.object({ package: text, cmdline: texts }).catch({ package: undefined, cmdline: [] }),
  steps: lists({ id: text, needs: texts.optional() }),
  outputs: lists({ type: text, exposedPorts: texts, defaultUser: text }),
});
export type Outline = z.output<typeof outlineSchema>;
