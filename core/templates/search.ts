import { z } from 'zod';
import { EngineError } from '../errors.ts';
import { tryJson } from '../json.ts';
import type { Table } from '../ports/table.ts';
import { isSeenBy, type TemplateSource, type Viewer } from './find-template.ts';
import { allPublicWords, templatePlace, wordsOfMember, wordsOfTenant } from './places.ts';
import { presetTemplate } from './presets.ts';
import { tagWord, templateWords, wordsOf } from './search-words.ts';
import { type TemplateRecord, templateRecordSchema, type Visibility } from './template-record.ts';

export interface TemplateSearch {
  /** Words, of which each begins a word of the template. */
  readonly query?: string | undefined;
  readonly tag?: string | undefined;
  readonly visibility?: Visibility | undefined;
}

export interface SearchPage {
  readonly limit: number;
  readonly cursor?: string;
}

/** Records of words that one page looks at, at most: a search that few templates match ends its page early. */
const mostLooks = 500;

const cursorSchema = z.strictObject({ from: z.int().min(0), at: z.string().optional() });
type Cursor = z.infer<typeof cursorSchema>;

const wordRecordSchema = z.strictObject({ templateId: z.string(), words: z.array(z.string()) });

/**
 * Templates that the viewer sees and that match: presets first, then their own private ones, their tenant's, and the
 * public ones of all tenants. A page may be short of its limit and still lead to another.
 */
export async function searchTemplates(
  source: TemplateSource,
  viewer: Viewer,
  search: TemplateSearch,
  page: SearchPage,
): Promise<{ readonly templates: readonly TemplateRecord[]; readonly cursor?: string }> {
  const wanted = wordsOf(search.query ?? '');
  // Words that nothing can be compared by match nothing, and not everything.
  if (wanted.length === 0 && (search.query ?? '').trim() !== '') return { templates: [] };
  const matches = (words: readonly string[]): boolean =>
    wanted.every((word) => words.some((one) => one.startsWith(word))) &&
    (search.tag === undefined || words.includes(tagWord(search.tag)));
  const sources = sourcesOf(viewer, search.visibility);
  const start = cursorOf(page.cursor);
  const templates: TemplateRecord[] = [];
  let looks = 0;
  for (let from = start.from, at = start.at; from < sources.length; from += 1, at = undefined) {
    do {
      const limit = page.limit - templates.length;
      if (limit <= 0 || looks >= mostLooks) return { templates, cursor: JSON.stringify({ from, at }) };
      const look = { driver: driverOf(wanted, search.tag), limit, at };
      const found = await lookInto(source, viewer, sources[from], look, matches);
      templates.push(...found.templates);
      looks += Math.max(found.looks, 1);
      at = found.cursor;
    } while (at !== undefined);
  }
  return { templates };
}

interface Look {
  readonly driver: ReturnType<typeof driverOf>;
  readonly limit: number;
  readonly at: string | undefined;
}

/** A part of one source: of a partition of words, or of the presets. */
async function lookInto(
  source: TemplateSource,
  viewer: Viewer,
  partition: string | undefined,
  look: Look,
  matches: (words: readonly string[]) => boolean,
): Promise<{
  readonly templates: readonly TemplateRecord[];
  readonly looks: number;
  readonly cursor?: string | undefined;
}> {
  if (partition === undefined) {
    const begin = Number(look.at ?? 0);
    const end = begin + look.limit;
    const all = source.presets.map((preset) => presetTemplate(preset).template);
    const templates = all.slice(begin, end).filter((one) => matches(templateWords(one)));
    return { templates, looks: 0, cursor: end < all.length ? String(end) : undefined };
  }
  const { records, looks, cursor } = await wordsIn(source.table, partition, look);
  const fitting = records.filter(({ words }) => matches(words));
  return { templates: await templatesOf(source.table, viewer, fitting), looks, cursor };
}

/** Partitions that are looked through, one after another; undefined are the presets. */
function sourcesOf(
  { tenantId, memberId }: Viewer,
  visibility: Visibility | undefined,
): readonly (string | undefined)[] {
  const all: readonly (readonly [Visibility, readonly (string | undefined)[]])[] = [
    ['public', [undefined]],
    ['private', [wordsOfMember(tenantId, memberId)]],
    ['tenant', [wordsOfTenant(tenantId)]],
    ['public', allPublicWords],
  ];
  return all.flatMap(([of, partitions]) => (visibility === undefined || visibility === of ? partitions : []));
}

function cursorOf(text: string | undefined): Cursor {
  if (text === undefined) return { from: 0 };
  const read = cursorSchema.safeParse(tryJson(text));
  if (!read.success) throw new EngineError('cursor.invalid', 'The cursor was not made for this query.');
  return read.data;
}

/** What the records that are read begin with: the longest word, which the fewest have; or the tag; or everything. */
function driverOf(
  wanted: readonly string[],
  tag: string | undefined,
): { readonly prefix: string; readonly word?: string } {
  const [longest] = [...wanted].sort((a, b) => b.length - a.length);
  if (longest !== undefined) return { prefix: longest, word: longest };
  return { prefix: `${tag === undefined ? '' : tagWord(tag)}#` };
}

async function wordsIn(table: Table, partition: string, { driver, limit, at }: Look) {
  const { prefix, word } = driver;
  const page = await table.query({
    ...{ partition, sortPrefix: prefix, limit },
    ...(at === undefined ? {} : { cursor: at }),
  });
  const records = page.records.flatMap(({ key, data }) => {
    const record = wordRecordSchema.parse(data);
    // One that is found by several words is taken at one of them.
    const own = key.sort.slice(0, key.sort.lastIndexOf('#'));
    return word === undefined || own === firstOf(record.words, word) ? [record] : [];
  });
  return { records, looks: page.records.length, cursor: page.cursor };
}

const firstOf = (words: readonly string[], prefix: string): string | undefined =>
  words.filter((word) => word.startsWith(prefix)).sort()[0];

async function templatesOf(
  table: Table,
  viewer: Viewer,
  found: readonly { readonly templateId: string }[],
): Promise<TemplateRecord[]> {
  const all = await Promise.all(
    found.map(async ({ templateId }) => {
      const stored = await table.get(templatePlace(templateId));
      const template = stored === undefined ? undefined : templateRecordSchema.parse(stored.data);
      // Somebody may have changed or removed it since its words were read.
      const gone = template === undefined || template.removedAt !== undefined;
      return !gone && (await isSeenBy(table, viewer, template)) ? [template] : [];
    }),
  );
  return all.flat();
}
