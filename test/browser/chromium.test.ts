import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processesOf, startChromium } from '../support/chromium.ts';

let server: Server;
beforeAll(async () => {
  server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<title>before</title><script>document.title += "!"</script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

describe('the Chromium of the tests', () => {
  it('runs a page of loopback, reaches nothing else, and leaves nothing', async () => {
    const browser = await startChromium();
    try {
      const { port } = server.address() as AddressInfo;
      const page = await browser.page();
      await page.goto(`http://127.0.0.1:${port}/`);
      expect(await page.title()).toBe('before!');
      await expect(page.goto('http://linux-builder.example/')).rejects.toThrow('ERR_NAME_NOT_RESOLVED');
      expect(processesOf(browser.profile).length).toBeGreaterThan(1);
    } finally {
      await browser.close();
    }
    await browser.close();
    expect(processesOf(browser.profile)).toEqual([]);
    expect(existsSync(browser.profile)).toBe(false);
  });
});
