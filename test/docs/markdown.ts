import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const project = join(import.meta.dirname, '../..');

/** The project's documents, by path from its root. */
export const documents: readonly string[] = [
  ...readdirSync(project).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(project, 'docs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(project, join(entry.parentPath, entry.name)))
    .sort(),
];

export function readDocument(path: string): string {
  return readFileSync(join(project, path), 'utf8');
}

/** A fenced block: its language and its lines. */
export interface FencedBlock {
  readonly language: string;
  readonly text: string;
}

export function fencedBlocks(text: string): FencedBlock[] {
  return [...text.matchAll(/^( *)```([a-z]*)\n([\s\S]*?)^\1```$/gm)].map(
    ([, indent = '', language = '', body = '']) => ({
      language,
      text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
}

/** A document without what is code: fenced blocks and code spans. */
export function withoutCode(text: string): string {
  return text.replace(/^( *)```[\s\S]*?^\1```$/gm, '').replace(/`[^`]*`/g, '');
}

/** Targets of a document's links and images. */
export function linkTargets(text: string): string[] {
  const prose = withoutCode(text);
  return [
    ...[...prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)].map(([, target = '']) => target),
    ...[...prose.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm)].map(([, target = '']) => target),
  ];
}

/** Names by which a document's headings can be linked to, as GitHub makes them. */
export function headingAnchors(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of text.replace(/^( *)```[\s\S]*?^\1```$/gm, '').matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)) {
    const base = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = base;
    for (let number = 1; anchors.has(anchor); number += 1) anchor = `${base}-${number}`;
    anchors.add(anchor);
  }
  return anchors;
}
