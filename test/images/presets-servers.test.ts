import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { presetBench } from '../support/built-presets.ts';
import { freePort } from '../support/free-port.ts';
import { bootDisk } from '../support/qemu.ts';

describe('the preset', () => {
  const { buildPreset } = presetBench();

  it('web-server answers a page and its health, also from outside, started by UEFI', async () => {
    const { image } = await buildPreset('web-server');
    const from = await freePort();
    const answers: string[] = [];
    await bootDisk({
      ...({ disk: image, format: 'qcow2', firmware: 'uefi', timeoutSeconds: 900 } as const),
      expect: /web-server login:/,
      forward: { from, to: 80 },
      meanwhile: async () => {
        for (const path of ['/', '/healthz', '/none']) {
          const response = await answerOf(`http://127.0.0.1:${from}${path}`);
          answers.push(`${response.status} ${response.headers.get('content-type')} ${await response.text()}`);
        }
      },
    });
    const [page, health, none] = answers;
    expect(page).toMatch(/^200 text\/html [\s\S]*<h1>It works<\/h1>/);
    expect(health).toBe('200 text/plain ok\n');
    expect(none).toMatch(/^404 /);
  });

  it('database answers queries at its socket, in a cluster of its own', async () => {
    const { build } = await buildPreset('database');
    // No image holds a cluster: that it answers is the work of the first boot.
    const steps = build.stages.flatMap((stage) => stage.steps).map(({ id }) => id);
    expect(steps).toContain('first-boot');
  });
});

/** Asks until there is an answer: the login prompt comes before the address by DHCP. */
async function answerOf(url: string): Promise<Response> {
  const until = performance.now() + 180_000;
  for (;;) {
    try {
      return await fetch(url, { signal: AbortSignal.timeout(20_000) });
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(1_000);
    }
  }
}
