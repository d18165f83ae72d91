import { check } from '../check.ts';
import { judged } from '../verdicts.ts';

/** Nobody changes what is not theirs. */
export const noWorldWritable = check({
  id: 'no-world-writable',
  title: 'No file may be written by everybody',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['File modes'], hipaa: ['164.312(c)(1)'] },
  how: 'All paths of the tree: files that others may write, and folders that others may write and that have no sticky bit.',
  remedy: 'Take the right to write from others, or set the sticky bit of the folder.',
  judge({ found: { worldWritable } }) {
    const listed = worldWritable.paths.map((path) => `/${path}: others may write it`);
    const rest = worldWritable.count - listed.length;
    return judged([...listed, ...(rest > 0 ? [`${rest} more paths`] : [])], ['no path may be written by everybody']);
  },
});
