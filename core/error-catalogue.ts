import { accessErrors } from './access/errors.ts';
import { approvalErrors } from './approvals/errors.ts';
import { billingErrors } from './billing/errors.ts';
import { buildErrors } from './builds/errors.ts';
import { deadLetterErrors } from './dead-letters/errors.ts';
import { lockErrors, snapshotErrors } from './lock/lock-errors.ts';
import { maintenanceErrors } from './maintenance/errors.ts';
import { pluginErrors } from './plugins/errors.ts';
import { protectionErrors } from './protection/errors.ts';
import { quotaErrors } from './quota/errors.ts';
import { retentionErrors } from './retention/errors.ts';
import { scanErrors } from './scans/errors.ts';
import { secretErrors } from './secrets/errors.ts';
import { teamErrors } from './teams/errors.ts';
import { templateErrors } from './templates/errors.ts';
import { uploadErrors } from './uploads/errors.ts';
import { vulnerabilityErrors } from './vulnerabilities/errors.ts';
import { webhookErrors } from './webhooks/errors.ts';

/**
 * The catalogue of errors: every failure that a caller can see has a code here, which never changes its meaning.
 * `status` is the HTTP status where the error answers a request; `remedy` is what the reader can do about it.
 */
export const errorCatalogue = {
  'request.invalid': {
    status: 400,
    title: 'The request is not valid',
    remedy: 'Correct the fields named in `errors`.',
  },
  'request.unreadable': {
    status: 400,
    title: 'The body cannot be read',
    remedy: 'Send JSON, or YAML as application/yaml.',
  },
  'request.too_large': { status: 413, title: 'The body is too large', remedy: 'Send at most 256 KB.' },
  'request.not_found': {
    status: 404,
    title: 'There is no such operation',
    remedy: 'See /v1/openapi.json for the operations.',
  },
  'request.method_not_allowed': {
    status: 405,
    title: 'The method is not allowed here',
    remedy: 'Use a method named in the Allow header.',
  },
  'request.media_type': {
    status: 415,
    title: 'The media type is not supported',
    remedy: 'Send application/json or application/yaml.',
  },
  'cursor.invalid': {
    status: 400,
    title: 'The cursor is not valid',
    remedy: 'Use a cursor as an earlier answer gave it, with the same query.',
  },
  ...accessErrors,
  ...protectionErrors,
  ...maintenanceErrors,
  ...buildErrors,
  'spec.invalid': {
    status: 422,
    title: 'The build spec is not valid',
    remedy: 'Correct the fields named in `errors`.',
  },
  'blob.not_found': {
    status: 404,
    title: 'There is no such stored object',
    remedy: 'Start the build again: what it stored is gone or never came.',
  },
  'blob.place_invalid': {
    status: 500,
    title: 'The place of a stored object is not valid',
    remedy: 'Report the request id to the operator.',
  },
  'blob.too_large': {
    status: 422,
    title: 'A stored object would be too large',
    remedy: 'Make the output smaller, or split it: one object holds at most 50 GiB, and one upload at most 5 GiB.',
  },
  'blob.parts_refused': {
    status: 422,
    title: 'The parts of an upload do not fit',
    remedy: 'Upload the parts again, each as it was declared.',
  },
  ...approvalErrors,
  ...lockErrors,
  'cache.in_use': {
    status: 409,
    title: 'A build needs this result',
    remedy: 'Wait for the end of the builds that are queued or running, or cancel them.',
  },
  'cache.not_found': {
    status: 404,
    title: 'There is no such result in the cache',
    remedy: 'List what there is with GET /v1/cache.',
  },
  ...uploadErrors,
  ...webhookErrors,
  ...pluginErrors,
  ...scanErrors,
  ...secretErrors,
  ...teamErrors,
  ...templateErrors,
  ...quotaErrors,
  ...billingErrors,
  ...retentionErrors,
  ...deadLetterErrors,
  'diff.too_large': {
    status: 422,
    title: 'The builds are too large to be compared in one answer',
    remedy: 'Compare builds that share more layers, or download their artifacts and compare these.',
  },
  'queue.full': {
    status: 429,
    title: 'Too many builds wait already',
    remedy: 'Start the build again after the seconds in Retry-After, or cancel builds that wait.',
  },
  'idempotency.mismatch': {
    status: 422,
    title: 'The idempotency key was used with another body',
    remedy: 'Use a new key for a new request.',
  },
  'idempotency.in_progress': {
    status: 409,
    title: 'The first call with the idempotency key still runs',
    remedy: 'Wait for the seconds in Retry-After, and make the same call with the same key.',
  },
  'resource.conflict': {
    status: 409,
    title: 'The thing was changed by another request',
    remedy: 'Read it again and repeat the request.',
  },
  'table.refused': {
    status: 422,
    title: 'The table cannot hold this',
    remedy: 'Correct the fields named in `errors`.',
  },
  'service.unavailable': {
    status: 503,
    title: 'A part of the service is not available',
    remedy: 'Try again after the seconds in Retry-After.',
  },
  'internal.error': { status: 500, title: 'The service failed', remedy: 'Report the request id to the operator.' },
  'verify.no_image': {
    status: 409,
    title: 'The build makes no image of its own',
    remedy: 'Verify a build that was started of a spec; in place of a verification, the build that it verifies.',
  },
  'verify.toolchain_changed': {
    status: 409,
    title: 'Builders have other tools than the build was made with',
    remedy: 'Retry the build, which makes it with the tools of now, and verify that one.',
  },
  'configuration.invalid': {
    status: 500,
    title: 'The configuration is not valid',
    remedy: 'Set each value named in `errors`.',
  },
  'archive.not_configured': {
    status: 500,
    title: 'No package archive is configured',
    remedy:
      'Set archives.debian: `--archive URL` on one machine, `-c archives.debian=URL` for a deployment. For archives.ubuntu: `--archive-ubuntu URL` or `-c archives.ubuntu=URL`.',
  },
  ...snapshotErrors,
  'archive.unreachable': {
    status: 502,
    title: 'The package archive does not answer as one',
    remedy: 'Check the address of archives.debian or archives.ubuntu, and that the archive holds the release.',
  },
  'archive.changed': {
    status: 409,
    title: 'The archive changed between planning and building',
    remedy:
      'Start the build again: it is planned on the new state. Resume it with `archive=latest` (`lbuild resume ID --latest-archive`), else it keeps the old one.',
  },
  'archive.gone': {
    status: 409,
    title: 'The archive no longer has what the build is pinned to',
    remedy:
      'Start the build again: it is planned on the state of now. What is gone cannot be made again, nor be verified, from this archive; one that keeps old states can.',
  },
  'archive.untrusted': {
    status: 502,
    title: 'The archive is not signed by the distribution',
    remedy:
      'Check archives.debian or archives.ubuntu: its InRelease must verify against the keyring package of the distribution.',
  },
  ...vulnerabilityErrors,
  'preset.not_found': {
    status: 404,
    title: 'There is no such preset',
    remedy: 'Use one of those that `detail` names.',
  },
} as const satisfies Record<string, { status: number; title: string; remedy: string }>;
