import { type Html, html, marked } from '../html.ts';
import type { ProfileId } from './profile.ts';
import type { CheckResult, ComplianceReport, ComplianceState } from './report.ts';
import { reportStyle } from './report-style.ts';

/** What the page says of the image that was judged. */
export interface JudgedBuild {
  readonly name: string;
  readonly buildId: string;
  readonly specDigest: string;
  readonly artifacts: readonly { readonly name: string; readonly sha256: string }[];
}

const words: Readonly<Record<ComplianceState, string>> = {
  pass: 'Every check that applies passes.',
  waived: 'What does not pass is waived, for a while.',
  manual: 'A person has to judge what an image cannot show.',
  fail: 'Some checks fail.',
};

const problems: Readonly<Record<ComplianceReport['voidWaivers'][number]['problem'], string>> = {
  expired: 'its last day is over',
  too_long: 'it would hold for more than a year',
  unknown: 'its owner is no member',
  suspended: 'its owner is suspended',
  not_permitted: 'its owner may not waive checks',
};

/**
 * A report as one HTML page for people: no script, no font and nothing of another host, so that it can be kept beside the
 * image and printed. All text of the image in it is escaped.
 */
export function reportHtml(report: ComplianceReport, build: JudgedBuild): string {
  const { profiles, results, judgedAt, state } = report;
  const page = html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Compliance of ${build.name}</title><link rel="icon" href="data:,"><style>${{ html: reportStyle }}</style></head><body><main>
<h1>Compliance of ${build.name}</h1>
<p class="state ${state}"><strong>${state}</strong> ${words[state]}</p>
<dl><dt>Build</dt><dd><code>${build.buildId}</code></dd><dt>Judged</dt><dd>${judgedAt}</dd><dt>Spec</dt><dd><code>${build.specDigest}</code></dd>${build.artifacts.map(
    ({ name, sha256 }) => html`<dt>${name}</dt><dd><code>${sha256}</code></dd>`,
  )}</dl>
<table class="profiles"><thead><tr><th>Profile</th><th>Outcome</th><th>pass</th><th>fail</th><th>manual</th><th>waived</th><th>not applicable</th></tr></thead><tbody>${profiles.map(
    ({ id, title, state: own, counts }) =>
      html`<tr><td><a href="#${id}">${title}</a></td><td>${mark(own)}</td><td>${counts.pass}</td><td>${counts.fail}</td><td>${counts.manual}</td><td>${counts.waived}</td><td>${counts.not_applicable}</td></tr>`,
  )}</tbody></table>
${openHtml(report)}${waiversHtml(report)}
${profiles.map(
  ({
    id,
    title,
    source,
    scope,
  }) => html`<section id="${id}"><h2>${title}</h2><p>${source} ${scope}</p>${tableHtml(id, results)}</section>
`,
)}</main></body></html>
`;
  return `<!doctype html>\n${page.html}`;
}

const mark = (state: string): Html => html`<span class="mark ${state}">${state.replace('_', ' ')}</span>`;

function openHtml({ results, profiles }: ComplianceReport): Html {
  const open = results.filter(({ state, waiver }) => (state === 'fail' || state === 'manual') && waiver === undefined);
  if (open.length === 0) return html``;
  return html`<h2>To do</h2><ul class="open">${open.map(({ check, state, title, remedy, clauses }) => {
    // A check stands in each of its profiles: the link leads to the first.
    const first = profiles.find(({ id }) => clauses[id] !== undefined)?.id ?? '';
    return html`<li>${mark(state)} <a href="#${first}.${check}">${title}</a><br>${marked(remedy)}</li>`;
  })}</ul>`;
}

function waiversHtml({ results, voidWaivers, unusedWaivers }: ComplianceReport): Html {
  const waived = results.flatMap(({ check, waiver }) =>
    waiver === undefined ? [] : [{ check, ...waiver, note: 'holds' }],
  );
  const rows = [
    ...waived,
    ...voidWaivers.map(({ problem, ...waiver }) => ({ ...waiver, note: `does not hold: ${problems[problem]}` })),
  ];
  if (rows.length + unusedWaivers.length === 0) return html``;
  return html`<h2>Waivers</h2><table><thead><tr><th>Check</th><th>Reason</th><th>Owner</th><th>Last day</th><th></th></tr></thead><tbody>${rows.map(
    ({ check, reason, owner, expires, note }) =>
      html`<tr><td><code>${check}</code></td><td>${reason}</td><td>${owner}</td><td>${expires}</td><td>${note}</td></tr>`,
  )}</tbody></table>${unusedWaivers.length === 0 ? undefined : html`<p>Not needed any more: ${unusedWaivers.join(', ')}.</p>`}`;
}

function tableHtml(profile: ProfileId, results: readonly CheckResult[]): Html {
  return html`<table class="checks"><thead><tr><th>Clause</th><th>Check</th><th>Result</th></tr></thead><tbody>${results.flatMap(
    (result) => {
      const clauses = result.clauses[profile];
      return clauses === undefined ? [] : [rowHtml(profile, result, clauses)];
    },
  )}</tbody></table>`;
}

function rowHtml(profile: ProfileId, result: CheckResult, clauses: readonly string[]): Html {
  const { check, title, severity, state, evidence, how, remedy, waiver, tag } = result;
  const open = state === 'fail' || state === 'manual';
  return html`<tr id="${profile}.${check}"><td>${clauses.join(', ')}</td><td><strong>${title}</strong><br><small><code>${check}</code>, ${severity}${tag === 'site' ? ', of the site' : ''}</small><p>${marked(how)}</p>${open ? html`<p>${marked(remedy)}</p>` : undefined}</td><td>${mark(state)}${waiver === undefined ? undefined : html` ${mark('waived')} until ${waiver.expires}`}<ul>${evidence.map((line) => html`<li><code>${line}</code></li>`)}</ul></td></tr>
`;
}
