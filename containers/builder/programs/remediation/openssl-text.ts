/** The way from the file’s beginning to what holds for all programs (config(5), SSL_CONF_cmd(3)), and our own names for it. */
const way = [
  { name: 'openssl_conf', section: 'lbuild_init' },
  { name: 'ssl_conf', section: 'lbuild_ssl' },
  { name: 'system_default', section: 'lbuild_system_default' },
] as const;

const good = /^TLSv1\.[23]$/;

/** openssl.cnf with the least version of TLS in the section that holds for all programs; as it is where that is good. */
export function withTlsFloor(text: string, minimum: string): string {
  const lines = text.split('\n');
  let section = '';
  for (const { name, section: own } of way) {
    const at = lineOf(lines, section, name);
    const target = at === undefined ? undefined : settingValue(lines[at] ?? '');
    if (target === undefined || target === '') {
      if (at !== undefined) lines.splice(at, 1);
      insert(lines, section, `${name} = ${own}`);
      section = own;
    } else section = target;
    if (headerOf(lines, section) === undefined) lines.push(`[${section}]`, '');
  }
  const at = lineOf(lines, section, 'MinProtocol') ?? lineOf(lines, section, 'TLS.MinProtocol');
  if (at === undefined) insert(lines, section, `MinProtocol = ${minimum}`);
  else if (!good.test(settingValue(lines[at] ?? ''))) lines[at] = `MinProtocol = ${minimum}`;
  return lines.join('\n');
}

const sectionOf = (line: string): string | undefined => /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1];

/** Where a section begins; -1 stands for what comes before all of them. */
function headerOf(lines: readonly string[], section: string): number | undefined {
  if (section === '') return -1;
  const at = lines.findIndex((line) => sectionOf(line) === section);
  return at < 0 ? undefined : at;
}

/** The line that sets a name in a section, the last that stands; a section may be opened more than once. */
function lineOf(lines: readonly string[], section: string, name: string): number | undefined {
  let current = '';
  let found: number | undefined;
  for (const [at, line] of lines.entries()) {
    const opened = sectionOf(line);
    if (opened !== undefined) current = opened;
    else if (current === section && nameOf(line) === name) found = at;
  }
  return found;
}

function nameOf(line: string): string | undefined {
  const text = line.trim();
  const at = text.indexOf('=');
  return text.startsWith('#') || at < 0 ? undefined : text.slice(0, at).trim();
}

const settingValue = (line: string): string =>
  line
    .slice(line.indexOf('=') + 1)
    .replace(/\s#.*$/, '')
    .trim();

function insert(lines: string[], section: string, line: string): void {
  lines.splice((headerOf(lines, section) ?? -1) + 1, 0, line);
}
