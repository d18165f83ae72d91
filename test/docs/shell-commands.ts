import { fencedBlocks } from './markdown.ts';

/** Languages of fenced blocks that hold commands. */
const shellLanguages = ['sh', 'bash', 'shell', 'console'];

/**
 * Shell commands of a text's fenced blocks, in the text's order: continued lines joined, remarks and prompts left out. A
 * sharp inside quotes begins no remark.
 */
export function commandsOf(text: string): string[] {
  return fencedBlocks(text)
    .filter(({ language }) => shellLanguages.includes(language))
    .flatMap((block) => block.text.replaceAll('\\\n', ' ').split('\n'))
    .map((line) =>
      line
        .replace(/^\$ /, '')
        .replace(/^((?:[^'"#]|'[^']*'|"[^"]*"|(?<=\S)#)*?)(?:^|\s)#.*$/, '$1')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '');
}
