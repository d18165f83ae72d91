/** An element to write: its name and either text or child elements; children that are undefined are left out. */
export type XmlNode = readonly [name: string, content: string | number | readonly (XmlNode | undefined)[]];

/** Element of a document that was read: its own text and its children in order. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** Writes a document of S3's; `root` gets S3's name space unless it is an `Error`, which S3 writes without one. */
export function writeXml(root: XmlNode): string {
  const xmlns = root[0] === 'Error' ? '' : ` xmlns="${namespace}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${writeNode(root, xmlns)}`;
}

function writeNode([name, content]: XmlNode, attributes = ''): string {
  const inner =
    typeof content === 'object'
      ? content.map((child) => (child === undefined ? '' : writeNode(child))).join('')
      : escapeText(String(content));
  return `<${name}${attributes}>${inner}</${name}>`;
}

function escapeText(text: string): string {
  return text.replace(/[&<>"\p{Cc}]/gu, (character) => `&#x${character.charCodeAt(0).toString(16)};`);
}

const token = /<\?xml[^<>]*\?>|<\/([A-Za-z0-9]+)\s*>|<([A-Za-z0-9]+)((?:\s[^<>]*?)?)(\/?)>|([^<]+)/gy;

/**
 * Reads the XML that S3 requests carry: elements, text and character references. Comments, CDATA, document types and
 * entities of their own are refused, attributes are ignored.
 * @throws SyntaxError where the text is not such a document
 */
export function readXml(text: string): XmlElement {
  const roots: XmlElement[] = [];
  const open: { name: string; text: string; children: XmlElement[] }[] = [];
  const close = (element: XmlElement) => (open.at(-1)?.children ?? roots).push(element);
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new SyntaxError(`XML cannot be read at character ${at}`);
    const [, closing, opening, , empty, characters] = match;
    if (opening !== undefined) {
      if (empty === '/') close({ name: opening, text: '', children: [] });
      else open.push({ name: opening, text: '', children: [] });
      if (open.length > 8) throw new SyntaxError('XML is nested too deeply');
    } else if (closing !== undefined) {
      const element = open.pop();
      if (element?.name !== closing) throw new SyntaxError(`XML closes ${closing} where it is not open`);
      close(element);
    } else if (characters !== undefined) {
      const element = open.at(-1);
      if (element !== undefined) element.text += unescapeText(characters);
      else if (characters.trim() !== '') throw new SyntaxError('XML has text outside its root');
    }
  }
  const [root] = roots;
  if (open.length > 0 || root === undefined || roots.length > 1) throw new SyntaxError('XML has not one root element');
  return root;
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeText(text: string): string {
  return text.replace(/&([^;&]{0,10})(;?)/g, (whole, reference: string, end: string) => {
    const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(reference);
    const code = number === null ? undefined : Number.parseInt(number[1] ?? number[2] ?? '', number[1] ? 16 : 10);
    const character = code === undefined ? named[reference] : code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
    if (end === '' || character === undefined) throw new SyntaxError(`XML has an unknown reference ${whole}`);
    return character;
  });
}

/** The text of the first child of that name; undefined where there is none. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}
