import type { BytePath } from './path-text.ts';
import { runTool } from './tool.ts';

/**
 * The attributes that are part of an image: capabilities, access control lists, and what programs store themselves.
 * Others (security.selinux, trusted.overlay.*) say how the builder's own disk is set up and would differ by machine.
 */
const kept = '^(security[.]capability|system[.]posix_acl_|user[.])';

function unquote(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/**
 * The extended attributes of a tree: path to name to value in base64, only paths that have some. One call of
 * getfattr reads the whole tree: it walks faster than a list of arguments is passed.
 */
export async function readXattrs(tree: string): Promise<Map<BytePath, Record<string, string>>> {
  const output = await runTool(['getfattr', '-R', '-P', '-h', '-d', '-m', kept, '-e', 'hex', '--', '.'], { cwd: tree });
  const found = new Map<BytePath, Record<string, string>>();
  for (const block of output.toString('latin1').split('\n\n')) {
    const [title = '', ...lines] = block.split('\n');
    if (!title.startsWith('# file: ')) continue;
    const path = unquote(title.slice('# file: '.length)).replace(/^\.\//, '');
    const values: [string, string][] = [];
    for (const line of lines) {
      const equals = line.indexOf('=');
      const name = unquote(equals < 0 ? line : line.slice(0, equals));
      if (name === '') continue;
      const hex = equals < 0 ? '' : line.slice(equals + 1).replace(/^0x/, '');
      values.push([Buffer.from(name, 'latin1').toString('utf8'), Buffer.from(hex, 'hex').toString('base64')]);
    }
    values.sort(([a], [b]) => (a < b ? -1 : 1));
    if (values.length > 0) found.set(path, Object.fromEntries(values));
  }
  return found;
}
