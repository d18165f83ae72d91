/** Elements of an XML text that are not closed where they must be. */
export function unclosedElements(text: string): string[] {
  const open: string[] = [];
  for (const [, closing, name = '', alone] of text.matchAll(/<(\/?)([\w:]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (closing === '/' && open.at(-1) === name) open.pop();
    else if (alone !== '/') open.push(`${closing}${name}`);
  }
  return open;
}
