import type { Sha256 } from '../digest.ts';
import { EngineError, type FieldError } from '../errors.ts';
import { type FieldPath, valueAt } from '../spec/field-path.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { boundedErrors, type SpecError, specError } from '../spec/spec-errors.ts';
import { uploadLimits } from './limits.ts';
import type { UploadRecord } from './upload-record.ts';
import { findUpload, type UploadPorts, useUploads } from './upload-repository.ts';
import { uploadsOfSpec } from './uploads-of-spec.ts';

/**
 * What is wrong with the uploads that a valid spec names: of this tenant, stored, and together no more than a builder
 * takes.
 * @param given the spec as it was sent: errors name its fields
 */
export async function uploadErrors(
  ports: UploadPorts,
  tenantId: string,
  spec: ResolvedSpec,
  given: unknown,
): Promise<FieldError[]> {
  const found = await Promise.all(uploadsOfSpec(spec).map((sha256) => findUpload(ports, tenantId, sha256)));
  return errorsOf(new Map(found.flatMap((upload) => (upload ? [[upload.sha256, upload]] : []))), spec, given);
}

/**
 * As `uploadErrors`, for a spec of which a build is started: its uploads are kept from now on.
 * @throws EngineError spec.invalid
 */
export async function needUploads(
  ports: UploadPorts,
  tenantId: string,
  spec: ResolvedSpec,
  given: unknown,
): Promise<void> {
  const fields = errorsOf(await useUploads(ports, tenantId, uploadsOfSpec(spec)), spec, given);
  if (fields.length > 0) throw new EngineError('spec.invalid', `The spec has ${fields.length} error(s).`, { fields });
}

function errorsOf(uploads: ReadonlyMap<Sha256, UploadRecord>, spec: ResolvedSpec, given: unknown): SpecError[] {
  const errors = spec.files.flatMap((_, index) => {
    const path: FieldPath = ['files', index, 'upload'];
    const digest = valueAt(given, path);
    return typeof digest === 'string' ? uploadError(uploads.get(digest), path) : [];
  });
  const bytes = [...uploads.values()].reduce((sum, { size }) => sum + size, 0);
  if (bytes > uploadLimits.specBytes) {
    const reason = `the uploads have ${bytes} bytes together; a builder takes at most ${uploadLimits.specBytes}`;
    const remedy = 'Let a step fetch what is larger.';
    errors.push(specError(['files'], { code: 'spec.too_large', reason, remedy }));
  }
  return boundedErrors(errors);
}

function uploadError(upload: UploadRecord | undefined, path: FieldPath): SpecError[] {
  if (upload === undefined) {
    const reason = 'you have no upload of this SHA-256';
    const remedy = 'Upload the file first (`lbuild uploads add FILE`), and give the digest that is answered.';
    return [specError(path, { code: 'spec.unknown_upload', reason, remedy })];
  }
  if (upload.storedAt !== undefined) return [];
  const reason = 'the upload is declared, but its bytes have not come';
  const remedy = 'Send them: `lbuild uploads add FILE` goes on with it.';
  return [specError(path, { code: 'spec.unfinished_upload', reason, remedy })];
}
