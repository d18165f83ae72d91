import type { Plugin, PluginHearing, PluginRun, PluginVersion } from '../sdk/generated/types.gen.ts';

/** What is granted, in some words. */
function grantText({ clock, random, fetch }: Plugin['granted']): string {
  const granted = [...(clock ? ['clock'] : []), ...(random ? ['random'] : []), ...fetch.map((host) => `fetch ${host}`)];
  return granted.length === 0 ? '' : `  granted: ${granted.join(', ')}`;
}

/** One line: name, what runs, what is granted. */
export function pluginLine(plugin: Plugin): string {
  const { name, latest, enabled, order } = plugin;
  const runs = enabled === undefined ? 'disabled' : `version ${enabled}`;
  const place = order === undefined ? '' : `  order ${order}`;
  return `${name.padEnd(20)} ${runs}  (latest ${latest})${place}${grantText(plugin.granted)}`;
}

/** A version: what it declares, then its code. */
export function versionText({ version, declaration, sha256, createdAt, memberId, code }: PluginVersion): string {
  const { name, description, hooks, events, order, onFailure, wants, timeoutMilliseconds } = declaration;
  const wanted = [
    ...(wants.clock ? ['clock'] : []),
    ...(wants.random ? ['random'] : []),
    ...wants.fetch.map((host) => `fetch ${host}`),
  ];
  return [
    `${name}  version ${version}  ${createdAt}  ${memberId}`,
    ...(description === '' ? [] : [`  ${description}`]),
    `  hooks ${hooks.join(', ')}  order ${order}  ${onFailure}  ${timeoutMilliseconds} ms`,
    ...(events === undefined ? [] : [`  events ${events.join(', ')}`]),
    ...(wanted.length === 0 ? [] : [`  wants ${wanted.join(', ')}`]),
    `  sha256 ${sha256}`,
    code.trimEnd(),
  ].join('\n');
}

/** What a run came to, as far as it is known without its result. */
export type ShownRun = Omit<PluginRun, 'at'>;

/** A run: what came of it, what it took, what it said. */
export function runText(run: ShownRun): string {
  const { plugin, version, hook, outcome, onFailure, milliseconds, cpuMilliseconds, memoryBytes } = run;
  const came = outcome === 'failed' ? `failed (${onFailure})` : 'succeeded';
  const mib = (memoryBytes / 1024 ** 2).toFixed(1);
  const lines = [
    `${plugin} ${version}  ${hook}  ${came}  ${milliseconds} ms, of these ${cpuMilliseconds} ms of processor time, ${mib} MiB`,
  ];
  if (run.code !== undefined) lines.push(`  ${run.reason ?? ''}  [${run.code}]`);
  if (run.found !== undefined) lines.push(`  found ${run.found} error(s)`);
  if (run.decision !== undefined)
    lines.push(`  ${run.decision}${run.decisionReason === undefined ? '' : `: ${run.decisionReason}`}`);
  if (run.changed !== undefined) {
    const { paths, more } = run.changed;
    const all = [...paths.map((path) => path || '(whole)'), ...(more === 0 ? [] : [`${more} more`])];
    lines.push(`  changed ${all.length === 0 ? 'nothing' : all.join(', ')}`);
  }
  for (const { host, status, reason } of run.fetches) lines.push(`  asked ${host}: ${status ?? reason ?? ''}`);
  for (const { level, text } of run.log.lines) lines.push(`  ${level}: ${text}`);
  if (run.log.truncated) lines.push('  there was more log than is kept');
  return lines.join('\n');
}

/** What a plugin was told: the event, how it stands, and its last run. */
export function hearingText({ id, event, state, tries, dueAt, reason, run }: PluginHearing): string {
  const due = dueAt === undefined ? '' : `  due ${dueAt}`;
  const { buildId } = event.detail;
  return [
    `${id}  ${event.at}  ${event.type}${typeof buildId === 'string' ? `  ${buildId}` : ''}  ${state}, ${tries} run(s)${due}`,
    ...(reason === undefined ? [] : [`  ${reason}`]),
    ...(run === undefined ? [] : [runText(run).replaceAll(/^/gm, '  ')]),
  ].join('\n');
}
