import { toJsonObject } from '../json.ts';
import type { TableKey, TableWrite } from '../ports/table.ts';
import { templateLimits } from './limits.ts';
import { wordsOfAll, wordsOfMember, wordsOfTenant } from './places.ts';
import type { TemplateRecord } from './template-record.ts';

/**
 * What a search finds a template by: a record a word, in the partition of those who see the template. They are written
 * with the template itself, so that a search never lags, and never shows what is no longer seen.
 */

/** Words of a text as they are compared: letters and digits in lower case, two or more. */
export function wordsOf(text: string): string[] {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return [...new Set(words.map((word) => [...word].slice(0, templateLimits.wordLength).join('')))].filter(
    (word) => word.length >= 2,
  );
}

export const tagWord = (tag: string): string => `tag:${tag}`;

/** Every word that a template is found by, the important ones first; the empty one is what lists everything. */
export function templateWords({
  name,
  tags,
  description,
}: Pick<TemplateRecord, 'name' | 'tags' | 'description'>): string[] {
  const words = [...tags.map(tagWord), ...wordsOf([name, ...tags, description].join(' '))];
  return ['', ...[...new Set(words)].slice(0, templateLimits.words - 1)];
}

function partitionOf({ id, tenantId, memberId, visibility }: TemplateRecord): string {
  if (visibility === 'public') return wordsOfAll(id);
  return visibility === 'tenant' ? wordsOfTenant(tenantId) : wordsOfMember(tenantId, memberId);
}

const wordPlace = (template: TemplateRecord, word: string): TableKey => ({
  partition: partitionOf(template),
  sort: `${word}#${template.id}`,
});

/** The writes by which a template is found by its words as they are now, and not by those that it had. */
export function wordWrites(before: TemplateRecord | undefined, after: TemplateRecord | undefined): TableWrite[] {
  const had = before === undefined ? [] : templateWords(before);
  const has = after === undefined ? [] : templateWords(after);
  const samePlace = before !== undefined && after !== undefined && partitionOf(before) === partitionOf(after);
  if (samePlace && had.join('\n') === has.join('\n')) return [];
  const gone = samePlace ? had.filter((word) => !has.includes(word)) : had;
  const removed = before === undefined ? [] : gone.map((word) => wordPlace(before, word));
  const data = toJsonObject({ templateId: after?.id ?? '', words: has });
  const set = after === undefined ? [] : has.map((word) => wordPlace(after, word));
  return [
    ...removed.map((key): TableWrite => ({ kind: 'delete', key })),
    ...set.map((key): TableWrite => ({ kind: 'put', key, data })),
  ];
}
