import { childrenOf, type Foreign, memberOf, textOf } from './foreign.ts';
import { changed, custom, flag, into, list, none, object, type Rule, type Scope, text } from './rules.ts';
import { scriptName, shellWord } from './scripts.ts';
import { base64Of, bytesOf, contentOf, putMode } from './texts.ts';

const encoder = new TextEncoder();

/** The bytes of a content by its encoding; undefined where they cannot be had. */
function decoded(content: Foreign, { settings }: Scope): Uint8Array | undefined {
  // YAML's own binary comes as base64.
  const binary = textOf(content, '!!binary');
  const given = binary === undefined ? content.value : binary;
  if (typeof given !== 'string') return undefined;
  const encoding = textOf(content.parent, 'encoding')?.toLowerCase().trim() ?? '';
  const isBase64 = binary !== undefined || /(?:^|\+)(?:b64|base64)$/.test(encoding);
  const bytes = isBase64 ? bytesOf(given) : encoder.encode(given);
  // Without base64, gzip would have to be text, which it never is.
  return bytes !== undefined && /^gz(?:ip)?(?:\+|$)/.test(encoding) ? settings.gunzip(bytes) : bytes;
}

const isPlain = (content: Foreign): boolean =>
  typeof content.value === 'string' && /^(?:text\/plain|plain|)$/i.test(textOf(content.parent, 'encoding') ?? '');

const content: Rule = custom('`files[].content` or `files[].base64`; gzip is unpacked', (node, scope) => {
  const { draft, at } = scope;
  const bytes = decoded(node, scope);
  if (bytes === undefined) {
    return draft.say(
      node,
      'dropped',
      'it cannot be decoded, or is no text and larger than a file of a spec: see `lbuild uploads`',
    );
  }
  if (isPlain(node) && String(node.value).isWellFormed()) {
    draft.put([...at, 'content'], node.value, node);
    return undefined;
  }
  const { field, value } = contentOf(bytes);
  draft.put([...at, field], value, node, changed(`decoded, as \`${field}\``));
  return undefined;
});

/** `owner: USER:GROUP` */
const owner: Rule = text('`files[].owner` and `files[].group`', (value, node, { draft, at }) => {
  const [user = '', group = ''] = value.split(':');
  if (user !== '') draft.put([...at, 'owner'], user, node);
  if (group !== '') draft.put([...at, 'group'], group, node);
  if (user === '' && group === '') draft.say(node, 'taken', 'root');
});

const permissions: Rule = custom('`files[].mode`', (node, scope) => {
  if (typeof node.value === 'string') putMode(node.value, node, scope);
  else if (typeof node.value === 'number' && Number.isInteger(node.value) && node.value >= 0) {
    // A number is the bits themselves: 0644 in YAML 1.1 is the number 420, and 644 is 01204.
    const mode = node.value.toString(8).padStart(4, '0');
    scope.draft.put(
      [...scope.at, 'mode'],
      mode,
      node,
      changed(`the number ${node.value} is ${mode}, as cloud-init reads it`),
    );
  } else scope.draft.say(node, 'dropped', 'four octal digits in quotes belong here');
});

const elsewhere = 'nothing is fetched: `lbuild uploads add FILE`, and name it by `files[].upload`';

const members: Readonly<Record<string, Rule>> = {
  path: text('`files[].path`', into('path')),
  content,
  encoding: text('needs none: the content is decoded', (value, node, { draft }) => {
    draft.say(node, 'taken', `the content is given without it: ${JSON.stringify(value.slice(0, 40))}`);
  }),
  owner,
  permissions,
  append: flag('true is a script of `steps` that appends', (_value, node, { draft }) =>
    draft.say(node, 'taken', 'the file is written whole'),
  ),
  defer: flag('needs none: files follow packages and users', (_value, node, { draft }) => {
    draft.say(node, 'taken', 'files are written after packages and users in any case');
  }),
  source: none(elsewhere),
};

const written = object(members, { enter: (_node, scope) => ({ ...scope, at: ['files', scope.draft.item()] }) });

/** Puts what is appended to a file as a step, which finds the file that packages brought. */
function append(node: Foreign, scope: Scope): void {
  const { draft } = scope;
  const [path, body] = [textOf(node, 'path'), memberOf(node, 'content')];
  const bytes = body === undefined ? undefined : decoded(body, scope);
  if (path === undefined || bytes === undefined) {
    draft.say(node, 'dropped', 'there is no path and content that it could append');
    return;
  }
  const [user, group] = (textOf(node, 'owner') ?? '').split(':');
  const mode = memberOf(node, 'permissions')?.value;
  const bits =
    typeof mode === 'number' && Number.isInteger(mode) && mode >= 0
      ? mode.toString(8)
      : typeof mode === 'string' && /^[0-7]{3,5}$/.test(mode)
        ? mode
        : '';
  const file = shellWord(path);
  const lines = [
    `mkdir -p "$(dirname -- ${file})"`,
    `printf %s ${base64Of(bytes)} | base64 -d >> ${file}`,
    ...(user ? [`chown ${shellWord(group ? `${user}:${group}` : user)} ${file}`] : []),
    ...(bits === '' ? [] : [`chmod ${bits} ${file}`]),
  ];
  const step = ['steps', draft.item()] as const;
  const children = childrenOf(node);
  const known = children.filter(({ path: at }) => Object.hasOwn(members, String(at.at(-1))) && at.at(-1) !== 'source');
  for (const child of children) {
    if (!known.includes(child)) draft.say(child, 'dropped', 'a step appends what stands in `content` alone');
  }
  const told = changed('a step appends it, when packages and files are there');
  draft.put([...step, 'id'], scriptName(draft, 'steps', 'append'), known, told);
  draft.put([...step, 'run'], `${lines.join('\n')}\n`, known, told);
}

/** `write_files`. */
export const filesRule: Rule = list({
  says: '',
  members,
  read(node, scope) {
    if (memberOf(node, 'append')?.value === true) return append(node, scope);
    if (memberOf(node, 'source') !== undefined && memberOf(node, 'content') === undefined) {
      return scope.draft.say(node, 'dropped', elsewhere);
    }
    written.read(node, scope);
    return missingContent(node, scope);
  },
});

/** A file without content is an empty one. */
function missingContent(node: Foreign, { draft }: Scope): void {
  const path = memberOf(node, 'path');
  if (path === undefined || memberOf(node, 'content') !== undefined) return;
  const entry = draft.entries.findLast(
    ({ at, value }) => at[0] === 'files' && at[2] === 'path' && value === path.value,
  );
  if (entry !== undefined) draft.put([...entry.at.slice(0, 2), 'content'], '', path);
}
