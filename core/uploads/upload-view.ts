import { z } from 'zod';
import { type UploadRecord, uploadDigestSchema } from './upload-record.ts';

const fields = {
  sha256: uploadDigestSchema.describe('SHA-256 of its bytes: what `files[].upload` of a spec gives.'),
  size: z.number().int().describe('Bytes.'),
  name: z.string().exactOptional().describe('As it was declared.'),
  state: z.enum(['pending', 'stored']).describe('pending: its bytes have not come yet.'),
  createdAt: z.iso.datetime(),
  storedAt: z.iso.datetime().exactOptional().describe('When its bytes were first seen.'),
  expiresAt: z.iso
    .datetime()
    .describe('When it is removed unless it is used until then: declared again, or by a build.'),
};

/** An upload as the API shows it. */
export const uploadViewSchema = z.strictObject(fields).meta({ id: 'Upload' });

/** An upload that was removed. */
export const removedUploadSchema = z
  .strictObject({
    ...{ sha256: fields.sha256, size: fields.size, name: fields.name },
    countedUntil: z.iso
      .datetime()
      .exactOptional()
      .describe(
        'Until then it counts against the room of the tenant: an address that was given may still bring bytes.',
      ),
  })
  .meta({ id: 'RemovedUpload' });

/** The answer to a declaration. */
export const declaredUploadSchema = z
  .strictObject({
    ...fields,
    put: z
      .strictObject({
        method: z.literal('PUT'),
        url: z.string().describe('Works without credentials, for these very bytes, until `expiresAt`.'),
        headers: z.record(z.string(), z.string()).describe('To be sent exactly so: they are part of the signature.'),
        expiresAt: z.iso.datetime().describe('Until then the upload must have begun.'),
      })
      .exactOptional()
      .describe('How to send the bytes; absent where they are stored.'),
  })
  .meta({ id: 'DeclaredUpload' });

export function uploadView(upload: UploadRecord): z.input<typeof uploadViewSchema> {
  const { sha256, size, name, createdAt, storedAt, expiresAt } = upload;
  return {
    ...{ sha256, size },
    ...(name === undefined ? {} : { name }),
    state: storedAt === undefined ? 'pending' : 'stored',
    createdAt,
    ...(storedAt === undefined ? {} : { storedAt }),
    expiresAt,
  };
}
