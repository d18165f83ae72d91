import type { ChangeOf } from '../../../../core/plan/programs/remediate.ts';

type Setting = Omit<ChangeOf<'setting'>, 'kind' | 'path' | 'accepts'> & {
  readonly accepts?: readonly string[] | undefined;
};

/** A line that sets something, with what it sets; undefined of any other. */
function settingOf(line: string, form: Setting['form']): { readonly name: string; readonly value: string } | undefined {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return undefined;
  const at = form === 'equals' ? text.indexOf('=') : text.search(/\s/);
  if (at < 0) return { name: text, value: '' };
  return { name: text.slice(0, at).trim(), value: text.slice(at + 1).trim() };
}

/** Whether two names are one: auditd.conf(5) and its like know no case, login.defs(5) does. */
const sameName = (one: string, other: string, form: Setting['form']): boolean =>
  form === 'equals' ? one.toLowerCase() === other.toLowerCase() : one === other;

function isGood(value: string, { value: wanted, accepts = [], atMost }: Setting): boolean {
  if (value === wanted || accepts.some((one) => one.toLowerCase() === value.toLowerCase())) return true;
  return atMost !== undefined && /^[0-9]{1,9}$/.test(value) && Number(value) >= 1 && Number(value) <= atMost;
}

/**
 * A file of settings in which the last line of a name counts, with one of them set. What is good already stays as it
 * is; else the line that counts is replaced, or one is added at the end.
 */
export function withSetting(text: string, setting: Setting): string {
  const { form, name, value } = setting;
  const lines = text.split('\n');
  const at = lines.findLastIndex((line) => {
    const found = settingOf(line, form);
    return found !== undefined && sameName(found.name, name, form);
  });
  const present = settingOf(lines[at] ?? '', form);
  if (at >= 0 && present !== undefined && isGood(present.value, setting)) return text;
  const line = form === 'equals' ? `${name} = ${value}` : `${name}\t${value}`;
  if (at >= 0) return lines.toSpliced(at, 1, line).join('\n');
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
}
