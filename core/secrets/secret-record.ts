import { z } from 'zod';
import { utf8Length } from '../text.ts';
import { secretLimits } from './limits.ts';

const timestamp = z.iso.datetime();

/** What a secret may be called, in specs, in addresses and in keys of the table. */
export const secretNamePattern = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
export const secretNameSchema = z.string().max(secretLimits.nameLength).regex(secretNamePattern);

/**
 * A value: one line of text. Control characters are none of it, so that it can stand in a header and a log can be
 * searched for it line by line.
 */
export const secretValueSchema = z
  .string()
  .min(1, 'the value is empty')
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'the value is not one line of text')
  .refine(
    (text) => utf8Length(text) <= secretLimits.valueBytes,
    `the value has more than ${secretLimits.valueBytes} bytes`,
  );

/** A secret of a tenant's. Only its present value is kept, sealed for this tenant, name and version. */
export const secretRecordSchema = z.strictObject({
  tenantId: z.string(),
  name: secretNameSchema,
  /** Of all versions that the tenant's secrets have had it is the next: none ever comes again. */
  version: z.number().int().min(1),
  setAt: timestamp,
  sealed: z.base64(),
});
export type SecretRecord = z.infer<typeof secretRecordSchema>;

/** What is known of all secrets of a tenant together: one record, so that versions and their number keep in step. */
export const secretBookSchema = z.strictObject({
  lastVersion: z.number().int().min(0),
  secrets: z.number().int().min(0),
});
