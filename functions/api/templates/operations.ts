import type { Operation } from '../../shared/operation.ts';
import { changeTemplate } from './change-template.ts';
import { createTemplate } from './create-template.ts';
import { listTemplates } from './list-templates.ts';
import { listTemplateVersions } from './list-versions.ts';
import { publishTemplateVersion } from './publish-version.ts';
import { readTemplate } from './read-template.ts';
import { readTemplateVersion } from './read-version.ts';
import { removeTemplate } from './remove-template.ts';

export const templateOperations: readonly Operation[] = [
  createTemplate,
  listTemplates,
  readTemplate,
  changeTemplate,
  removeTemplate,
  publishTemplateVersion,
  listTemplateVersions,
  readTemplateVersion,
];
