import { z } from 'zod';
import { type SecretRecord, secretNameSchema } from './secret-record.ts';

/** A secret as the API shows it: never its value. */
export const secretViewSchema = z
  .strictObject({
    name: secretNameSchema.describe('What `credentials.password.secret` of an archive gives.'),
    version: z.number().int().describe('Grows with every value that any secret of the tenant is given.'),
    setAt: z.iso.datetime().describe('When it was given this value.'),
  })
  .meta({ id: 'Secret' });

export function secretView({ name, version, setAt }: SecretRecord): z.input<typeof secretViewSchema> {
  return { name, version, setAt };
}
