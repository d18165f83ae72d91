import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeImage } from '../../core/compliance/judge.ts';
import { reportHtml } from '../../core/compliance/report-html.ts';
import { goodSpec, goodTree } from '../core/compliance/good-tree.ts';
import { inspectTree, specWith } from '../core/compliance/judged-tree.ts';
import { type ChromiumUnderTest, startChromium } from '../support/chromium.ts';
import { type Loopback, onLoopback } from '../support/loopback.ts';

let browser: ChromiumUnderTest;
let served: Loopback;

const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>';

beforeAll(async () => {
  const spec = specWith({
    ...goodSpec,
    compliance: {
      profiles: ['pci-dss', 'soc2'],
      waivers: [
        {
          check: 'disk-encryption',
          reason: 'The volume is encrypted by the cloud, see runbook 12.',
          owner: 'ada@example.org',
          expires: '2027-03-31',
        },
      ],
    },
  });
  if (spec.compliance === undefined) throw new Error('the spec has no compliance');
  const report = judgeImage({
    ...{ spec, settings: spec.compliance },
    inspection: await inspectTree({
      ...goodTree,
      // In quotes, so that sshd takes all of it for the value.
      'etc/ssh/sshd_config.d/10-compliance.conf': `PermitRootLogin '${hostile}'\n`,
      'etc/login.defs': 'PASS_MAX_DAYS 99999\nENCRYPT_METHOD YESCRYPT\n',
    }),
    build: { evidence: true, specDigest: 'a'.repeat(64), approvals: 0 },
    now: new Date('2026-12-01T12:00:00Z'),
    ownerProblem: () => undefined,
  });
  const page = reportHtml(report, {
    name: 'web-server',
    buildId: 'bld_01',
    specDigest: 'a'.repeat(64),
    artifacts: [{ name: 'web-server.img', sha256: 'b'.repeat(64) }],
  });
  served = await onLoopback(
    createServer((_, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
    }),
  );
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

describe('the page of a report', () => {
  it('shows profiles, results and waivers, asks for nothing else, and runs nothing of the image', async () => {
    const page = await browser.page();
    const asked: string[] = [];
    const errors: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(error.message));
    await page.setViewportSize({ width: 1_200, height: 900 });
    await page.goto(served.url);
    expect(await page.title()).toBe('Compliance of web-server');
    expect(asked.filter((address) => !address.startsWith('data:'))).toEqual([`${served.url}/`]);
    expect(errors).toEqual([]);
    expect(await page.locator('h2').allTextContents()).toEqual(['To do', 'Waivers', 'PCI DSS 4.0.1', 'SOC 2']);
    expect(await page.locator('.state').textContent()).toContain('Some checks fail.');
    const row = page.locator('[id="pci-dss.ssh-root-login"]');
    expect(await row.locator('.mark').first().textContent()).toBe('fail');
    expect(await row.textContent()).toContain('onerror="document.title=1"');
    expect(await page.locator('[id="soc2.disk-encryption"]').textContent()).toContain('until 2027-03-31');
    const broken = await page.evaluate(
      `[...document.querySelectorAll('a[href^="#"]')]
        .map((link) => link.getAttribute('href'))
        .filter((place) => document.getElementById(place.slice(1)) === null)`,
    );
    expect(broken).toEqual([]);
    // Nothing is wider than the window.
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
    const picture = await page.screenshot();
    expect(picture.length).toBeGreaterThan(20_000);
    const kept = process.env.LBUILD_KEEP_SCREENSHOT;
    if (kept !== undefined) await writeFile(kept, picture);
    await page.close();
  });
});
