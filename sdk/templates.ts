import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type {
  ChangeTemplateData,
  CreateTemplateData,
  ForkTemplateData,
  ListTemplatesData,
  PublishTemplateVersionData,
  Review,
  ReviewTemplateData,
  Template,
  TemplateVersion,
  TemplateVersionDetail,
} from './generated/types.gen.ts';

/** What a search asks for; without any of it everything is found. */
export type TemplateFilter = Omit<NonNullable<ListTemplatesData['query']>, 'limit' | 'cursor'>;

const pageSize = 100;

/** The calls of a client that are about templates. A template is named by its id, or by its name in the tenant. */
export function templateCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;
  const at = (template: string) => ({ ...shared, path: { id: template } });
  const once = (idempotencyKey: string | undefined) =>
    idempotencyKey === undefined ? {} : { headers: { 'Idempotency-Key': idempotencyKey } };

  /** The templates that one sees and that match, presets first. At most that many. */
  async function findTemplates(filter: TemplateFilter = {}, most = 1_000): Promise<readonly Template[]> {
    const all: Template[] = [];
    let cursor: string | undefined;
    do {
      const query = { ...filter, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) };
      const { data } = await operations.listTemplates({ ...shared, query });
      all.push(...data.templates);
      cursor = data.cursor;
    } while (cursor !== undefined && all.length < most);
    return all.slice(0, most);
  }

  const readTemplate = async (template: string): Promise<Template> =>
    (await operations.readTemplate(at(template))).data;

  /** Makes a template with its first version. */
  const createTemplate = async (body: CreateTemplateData['body'], idempotencyKey?: string): Promise<Template> =>
    (await operations.createTemplate({ ...shared, body, ...once(idempotencyKey) })).data;

  const changeTemplate = async (template: string, body: ChangeTemplateData['body']): Promise<Template> =>
    (await operations.changeTemplate({ ...at(template), body })).data;

  /** Removes a template with its versions and reviews; builds keep what they were made of. */
  async function removeTemplate(template: string): Promise<void> {
    await operations.removeTemplate(at(template));
  }

  /** Publishes the next version. */
  const publishTemplateVersion = async (
    template: string,
    body: PublishTemplateVersionData['body'],
    idempotencyKey?: string,
  ): Promise<TemplateVersion> =>
    (await operations.publishTemplateVersion({ ...at(template), body, ...once(idempotencyKey) })).data;

  /** Its versions, newest first: at most 100 there are. */
  const listTemplateVersions = async (template: string): Promise<readonly TemplateVersion[]> =>
    (await operations.listTemplateVersions({ ...at(template), query: { limit: pageSize } })).data.versions;

  const readTemplateVersion = async (template: string, version: number): Promise<TemplateVersionDetail> =>
    (await operations.readTemplateVersion({ ...shared, path: { id: template, version } })).data;

  /** Makes a template of one's own of a version of another. */
  const forkTemplate = async (
    template: string,
    body: ForkTemplateData['body'],
    idempotencyKey?: string,
  ): Promise<Template> => (await operations.forkTemplate({ ...at(template), body, ...once(idempotencyKey) })).data;

  /** Says what one thinks of a template that one has built. */
  const reviewTemplate = async (template: string, body: ReviewTemplateData['body']): Promise<Review> =>
    (await operations.reviewTemplate({ ...at(template), body })).data;

  async function removeTemplateReview(template: string): Promise<void> {
    await operations.removeTemplateReview(at(template));
  }

  /** What those who built it say; at most that many. */
  async function listTemplateReviews(template: string, most = 1_000): Promise<readonly Review[]> {
    const all: Review[] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: pageSize, ...(cursor === undefined ? {} : { cursor }) };
      const { data } = await operations.listTemplateReviews({ ...at(template), query });
      all.push(...data.reviews);
      cursor = data.cursor;
    } while (cursor !== undefined && all.length < most);
    return all.slice(0, most);
  }

  return {
    ...{ findTemplates, readTemplate, createTemplate, changeTemplate, removeTemplate, forkTemplate },
    ...{ publishTemplateVersion, listTemplateVersions, readTemplateVersion },
    ...{ reviewTemplate, removeTemplateReview, listTemplateReviews },
  };
}
