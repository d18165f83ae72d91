import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { isGone } from './leftovers.ts';

/** Where Debian's package `chromium` (scripts/setup/system-packages.mjs) has its program. */
const program = '/usr/bin/chromium';

/** The machine's Chromium, without a window, with a profile of its own. */
export interface ChromiumUnderTest {
  readonly context: BrowserContext;
  /** What it keeps of itself: gone after `close`. */
  readonly profile: string;
  /** Opens an empty page. Errors of its scripts and what its console says are in the events of the page. */
  page(): Promise<Page>;
  /** Ends each of its processes and removes its profile; may be called twice. */
  close(): Promise<void>;
}

/**
 * Starts Chromium for a test. It finds loopback and no other host: a page that wants something of the internet fails on
 * every machine alike. Tests run as root, for which Chromium has no sandbox: let it open pages of the test only.
 */
export async function startChromium(): Promise<ChromiumUnderTest> {
  const profile = mkdtempSync(path.join(tmpdir(), 'lbuild-chromium-'));
  const context = await launch(profile).catch(async (error: unknown) => {
    await removeAll(profile);
    throw error;
  });
  return {
    context,
    profile,
    page: () => context.newPage(),
    async close() {
      await context.close();
      await removeAll(profile);
    },
  };
}

function launch(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: program,
    headless: true,
    args: [
      ...['--disable-gpu', '--disable-quic', '--disable-sync', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update'],
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
    // What it writes beside its profile goes with it.
    env: { PATH: process.env.PATH ?? '', HOME: profile, TMPDIR: profile, XDG_RUNTIME_DIR: profile },
    timeout: 30_000,
  });
}

/** Waits for the processes of a profile, kills after five seconds those that are still there, and removes the profile. */
async function removeAll(profile: string): Promise<void> {
  for (let tries = 0; processesOf(profile).length > 0; tries += 1) {
    if (tries > 100) for (const pid of processesOf(profile)) kill(pid);
    if (tries > 200) throw new Error(`Chromium of ${profile} does not end`);
    await sleep(50);
  }
  rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
}

/** Ids of the processes whose command line or environment names the profile. */
export function processesOf(profile: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => ['cmdline', 'environ'].some((file) => read(`/proc/${pid}/${file}`).includes(profile)))
    .map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isGone(error)) return '';
    throw error;
  }
}
