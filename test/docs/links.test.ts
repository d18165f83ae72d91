import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documents, headingAnchors, linkTargets, project, readDocument } from './markdown.ts';

/** Why a link of a document leads nowhere; undefined where it leads somewhere. Addresses elsewhere are not asked. */
function problemOf(document: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) {
    return /^(https:|mailto:)/.test(target) ? undefined : `${target} is neither https nor a path`;
  }
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(project, document) : join(project, dirname(document), decodeURIComponent(path));
  if (relative(project, file).startsWith('..')) return `${target} leads out of the project`;
  if (!existsSync(file)) return `${target} is not there`;
  if (anchor === undefined || !file.endsWith('.md')) return undefined;
  return headingAnchors(readDocument(relative(project, file))).has(anchor)
    ? undefined
    : `${target} has no such heading`;
}

describe('links', () => {
  it('finds links, but not in code', () => {
    const text = '[a](b.md "title") ![i](c.png)\n`[no](d.md)`\n```sh\n[no](e.md)\n```\n[r]: f.md\n';
    expect(linkTargets(text)).toEqual(['b.md', 'c.png', 'f.md']);
  });

  it('names headings as GitHub does', () => {
    const text = '# One: `two` & three\n## Same\n## Same\n```sh\n# no heading\n```\n';
    expect([...headingAnchors(text)]).toEqual(['one-two--three', 'same', 'same-1']);
  });

  it('sees where a link leads nowhere', () => {
    expect(problemOf('README.md', 'docs/no-such.md')).toContain('not there');
    expect(problemOf('README.md', 'docs/glossary.md#no-such')).toContain('no such heading');
    expect(problemOf('README.md', '../elsewhere')).toContain('out of the project');
  });

  it.each(documents)('%s', (document) => {
    const problems = linkTargets(readDocument(document)).map((target) => problemOf(document, target));
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });

  it('every decision is listed, and numbered without gaps', () => {
    const decisions = documents.filter((path) => /^docs\/decisions\/\d/.test(path)).map((path) => path.slice(15));
    const listed = linkTargets(readDocument('docs/decisions/README.md')).filter((target) => /^\d/.test(target));
    expect(listed).toEqual(decisions);
    expect(decisions.map((name) => Number(name.slice(0, 4)))).toEqual(decisions.map((_, position) => position + 1));
  });
});
