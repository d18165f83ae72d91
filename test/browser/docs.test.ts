import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { operations } from '../../functions/api/operations.ts';
import { type ApiUnderTest, openApi } from '../functions/api/api-under-test.ts';
import { type ChromiumUnderTest, startChromium } from '../support/chromium.ts';
import { useFolders } from '../support/temporary-folders.ts';

const folder = useFolders('docs-page');
let api: ApiUnderTest;
let browser: ChromiumUnderTest;
beforeAll(async () => {
  api = await openApi(openSqliteTable({ file: `${folder()}/table.db`, clock: createSystemClock() }));
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

describe('the page of the API, in Chromium', () => {
  it('shows each operation, asks nobody else for anything, and is refused nothing', async () => {
    const page = await browser.page();
    const asked: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    const response = await page.goto(`${api.url}/docs`);
    expect([response?.status(), await response?.headerValue('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    expect(asked.filter((url) => url !== `${api.url}/docs` && url !== 'data:,')).toEqual([]);
    const ids = await page.locator('article').evaluateAll((articles) => articles.map((article) => article.id));
    expect(ids.sort()).toEqual(operations.map(({ id }) => id).sort());
    // The page's own language is a text here: the project knows no types of the DOM.
    // The style that the policy lets through is the one that is there.
    expect(await page.evaluate('getComputedStyle(document.querySelector("nav")).position')).toBe('sticky');
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('leads to each place that a link names', async () => {
    const page = await browser.page();
    await page.goto(`${api.url}/docs`);
    const broken = await page.evaluate(
      `[...document.querySelectorAll('a[href^="#"]')]
        .map((link) => link.getAttribute('href'))
        .filter((place) => document.getElementById(decodeURIComponent(place.slice(1))) === null)`,
    );
    expect(broken).toEqual([]);
    await page.getByRole('link', { name: 'startBuild', exact: true }).click();
    expect(page.url()).toBe(`${api.url}/docs#startBuild`);
    const top = await page.locator('#startBuild').evaluate((article) => article.getBoundingClientRect().top);
    expect(top).toBeGreaterThanOrEqual(0);
    expect(top).toBeLessThan(100);
    await page.close();
  });

  it('is dark where the reader wants it dark, and fits a narrow window', async () => {
    const page = await browser.page();
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 400, height: 800 });
    await page.goto(`${api.url}/docs`);
    const colour = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await colour()).toBe('rgb(13, 17, 23)');
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await colour()).toBe('rgb(255, 255, 255)');
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(400);
    await page.close();
  });

  it('would show no style that another page brought into it', async () => {
    const page = await browser.page();
    const refusals: string[] = [];
    page.on('console', (message) => refusals.push(message.text()));
    await page.route('**/docs', async (route) => {
      const response = await route.fetch();
      const brought = '<style>main{display:none}</style><script>document.title="x"</script><main';
      await route.fulfill({ response, body: (await response.text()).replace('<main', brought) });
    });
    await page.goto(`${api.url}/docs`);
    expect(await page.title()).toBe('Linux Builder Engine API');
    expect(await page.locator('main').isVisible()).toBe(true);
    expect(refusals.filter((text) => text.includes('Content Security Policy'))).toHaveLength(2);
    await page.close();
  });
});
