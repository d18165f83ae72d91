export type { ApprovalFilter } from './approvals.ts';
export type { AuditFilter } from './audit.ts';
export type { UsageFilter } from './billing.ts';
export type { RunOptions } from './builds.ts';
export { LinuxBuilderClient } from './client.ts';
export type { DownloadedFile, DownloadOptions } from './downloads.ts';
export {
  ApiProblem,
  EngineUnreachable,
  isApiProblem,
  isTransient,
  LinuxBuilderError,
  type ProblemCode,
  UsageError,
} from './engine-error.ts';
export type { LogStream, Patience, StreamOptions, WaitOptions } from './following.ts';
export type { ErrorCode } from './generated/error-codes.gen.ts';
export type * from './generated/types.gen.ts';
export type { Listing, PageQuery } from './pages.ts';
export { ChecksumMismatch, DownloadChanged, type ExpectedFile } from './resuming.ts';
export type { CleanupScope } from './retention.ts';
export type { LockOption, SpecSource, SpecText } from './spec-source.ts';
export type { TemplateFilter } from './templates.ts';
export type { CallOptions, ClientOptions, KeyedCallOptions } from './transport.ts';
export { UploadRefused, type UploadSource } from './uploads.ts';
export {
  type VerifyOptions,
  verifyWebhook,
  type WebhookEvent,
  type WebhookHeaders,
  type WebhookRefusal,
  WebhookVerificationError,
} from './webhook-signature.ts';
export type { DeliveryFilter } from './webhooks.ts';
