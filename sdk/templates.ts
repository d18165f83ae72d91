import * as operations from './generated/sdk.gen.ts';
import type {
  ChangeTemplateData,
  CreateTemplateData,
  ForkTemplateData,
  ListTemplateReviewsResponse,
  ListTemplatesData,
  ListTemplatesResponse,
  ListTemplateVersionsResponse,
  PublishTemplateVersionData,
  Review,
  ReviewTemplateData,
  Template,
  TemplateVersion,
  TemplateVersionDetail,
} from './generated/types.gen.ts';
import { type Listing, listing, type PageQuery } from './pages.ts';
import type { CallOptions, KeyedCallOptions, Transport } from './transport.ts';

/** What a search asks for; without any of it everything is found. */
export type TemplateFilter = Omit<NonNullable<ListTemplatesData['query']>, 'limit' | 'cursor'>;

/** Templates. One is named by its id, or by its name in the tenant. @internal */
export function templateCalls(engine: Transport) {
  const at = (template: string, options: KeyedCallOptions | undefined) => ({
    ...engine.of(options),
    path: { id: template },
  });
  return {
    /** The templates that one sees and that match, presets first. */
    list: (filter: TemplateFilter & PageQuery = {}, options?: CallOptions): Listing<ListTemplatesResponse, Template> =>
      listing(
        filter,
        async (page) => (await operations.listTemplates({ ...engine.of(options), query: { ...filter, ...page } })).data,
        ({ templates }) => templates,
      ),

    read: async (template: string, options?: CallOptions): Promise<Template> =>
      (await operations.readTemplate(at(template, options))).data,

    /** Makes a template with its first version. */
    create: async (body: CreateTemplateData['body'], options?: KeyedCallOptions): Promise<Template> =>
      (await operations.createTemplate({ ...engine.of(options), body })).data,

    change: async (template: string, body: ChangeTemplateData['body'], options?: CallOptions): Promise<Template> =>
      (await operations.changeTemplate({ ...at(template, options), body })).data,

    /** Removes a template with its versions and reviews; builds keep what they were made of. */
    remove: async (template: string, options?: CallOptions): Promise<void> => {
      await operations.removeTemplate(at(template, options));
    },

    /** Publishes the next version. */
    publishVersion: async (
      template: string,
      body: PublishTemplateVersionData['body'],
      options?: KeyedCallOptions,
    ): Promise<TemplateVersion> => (await operations.publishTemplateVersion({ ...at(template, options), body })).data,

    /** Its versions, newest first. */
    listVersions: (
      template: string,
      query: PageQuery = {},
      options?: CallOptions,
    ): Listing<ListTemplateVersionsResponse, TemplateVersion> =>
      listing(
        query,
        async (page) => (await operations.listTemplateVersions({ ...at(template, options), query: page })).data,
        ({ versions }) => versions,
      ),

    readVersion: async (template: string, version: number, options?: CallOptions): Promise<TemplateVersionDetail> =>
      (await operations.readTemplateVersion({ ...engine.of(options), path: { id: template, version } })).data,

    /** Makes a template of one's own of a version of another. */
    fork: async (template: string, body: ForkTemplateData['body'], options?: KeyedCallOptions): Promise<Template> =>
      (await operations.forkTemplate({ ...at(template, options), body })).data,

    /** Says what one thinks of a template that one has built. */
    review: async (template: string, body: ReviewTemplateData['body'], options?: CallOptions): Promise<Review> =>
      (await operations.reviewTemplate({ ...at(template, options), body })).data,

    removeReview: async (template: string, options?: CallOptions): Promise<void> => {
      await operations.removeTemplateReview(at(template, options));
    },

    /** What those who built it say. */
    listReviews: (
      template: string,
      query: PageQuery = {},
      options?: CallOptions,
    ): Listing<ListTemplateReviewsResponse, Review> =>
      listing(
        query,
        async (page) => (await operations.listTemplateReviews({ ...at(template, options), query: page })).data,
        ({ reviews }) => reviews,
      ),
  };
}
