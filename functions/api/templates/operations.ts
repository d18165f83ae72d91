import type { Operation } from '../../shared/operation.ts';
import { changeTemplate } from './change-template.ts';
import { createTemplate } from './create-template.ts';
import { forkTemplate } from './fork-template.ts';
import { listTemplateReviews } from './list-reviews.ts';
import { listTemplates } from './list-templates.ts';
import { listTemplateVersions } from './list-versions.ts';
import { publishTemplateVersion } from './publish-version.ts';
import { readTemplate } from './read-template.ts';
import { readTemplateVersion } from './read-version.ts';
import { removeTemplateReview } from './remove-review.ts';
import { removeTemplate } from './remove-template.ts';
import { reviewTemplate } from './set-review.ts';

export const templateOperations: readonly Operation[] = [
  createTemplate,
  listTemplates,
  readTemplate,
  changeTemplate,
  removeTemplate,
  publishTemplateVersion,
  listTemplateVersions,
  readTemplateVersion,
  forkTemplate,
  reviewTemplate,
  removeTemplateReview,
  listTemplateReviews,
];
