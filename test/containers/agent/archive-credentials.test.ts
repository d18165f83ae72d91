import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadFile, readAddress } from '../../../containers/builder/agent/archive-download.ts';
import { archiveFetch } from '../../../containers/builder/agent/archive-fetch.ts';
import { ExchangeError, exchangeOver } from '../../../containers/builder/agent/exchange-client.ts';
import { LineSplitter } from '../../../containers/builder/agent/lines.ts';
import { AttemptLog } from '../../../containers/builder/agent/log.ts';
import { stepFailure } from '../../../containers/builder/agent/step-failure.ts';
import { stepSecrets } from '../../../containers/builder/agent/step-secrets.ts';
import { StepError } from '../../../containers/builder/step-error.ts';
import type { Manifest } from '../../../core/builds/manifest.ts';
import { sampleArchive } from '../../core/spec/archive-samples.ts';
import { type FakeArchive, startFakeArchive } from '../../support/fake-archive.ts';

const init = { signal: AbortSignal.timeout(5_000) };
const password = 'hush/hush +1';
const credentials = { username: 'ci', password: { secret: 'site' } };
const wanted = `Basic ${Buffer.from(`ci:${password}`).toString('base64')}`;

const stepOf = (archives: readonly object[]): Manifest['steps'][number] => ({
  ...{ id: 'packages', program: 'packages', version: 3, trust: 'tenant', key: 'a'.repeat(64), needs: [] },
  ...{ produces: 'layer', timeoutSeconds: 60 },
  options: JSON.parse(JSON.stringify({ install: [], remove: [], recommends: false, outputs: [], archives })),
});

describe('an archive with credentials', () => {
  let site: FakeArchive;
  let folder = '';
  const asked: string[] = [];
  const sent: (string | undefined)[] = [];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lbuild-credentials-'));
    site = await startFakeArchive([{ name: 'web' }]);
    site.authorization = wanted;
    asked.length = 0;
    sent.length = 0;
    site.disturb = (_path, _response, _body, request) => {
      sent.push(request.headers.authorization);
      return undefined;
    };
  });
  afterEach(async () => {
    await site.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  const open = (archives: readonly object[], value: () => Promise<string> = async () => password) => {
    const { port } = new URL(site.url);
    const state = { suites: site.state.suites.map((suite) => ({ ...suite, uri: `http://127.0.0.1:${port}/own` })) };
    const manifest = { archive: state, privateArchiveHosts: ['127.0.0.1', 'localhost'], steps: [stepOf(archives)] };
    return archiveFetch({
      ...{ manifest, proxy: undefined },
      secretOf: (step, name) => {
        asked.push(`${step} ${name}`);
        return value();
      },
    });
  };
  const archive = (url: string, more: object = { credentials }) => sampleArchive({ url, ...more });

  it('is asked with them, and nothing else is', async () => {
    const ask = open([archive(`${site.url}/dists`)]);
    const release = `${site.url}/dists/trixie/InRelease`;
    expect([(await ask(release, init)).status, (await ask(release, init)).status]).toEqual([200, 200]);
    expect(asked).toEqual(['packages site']);
    for (const elsewhere of [
      `${site.url}/pool/web_1.0_all.deb`,
      release.replace('127.0.0.1', 'localhost'),
      `${site.url}/dists/../pool/web_1.0_all.deb`,
      `${site.url}/distsother/x`,
    ]) {
      expect((await ask(elsewhere, init)).status).toBe(401);
    }
    expect(sent).toEqual([wanted, wanted]);
  });

  it('says for itself how it is asked where it lies below another', async () => {
    const ask = open([archive(site.url), archive(`${site.url}/pool`, { name: 'inner' })]);
    expect((await ask(`${site.url}/dists/trixie/InRelease`, init)).status).toBe(200);
    expect((await ask(`${site.url}/pool/web_1.0_all.deb`, init)).status).toBe(401);
  });

  it('that does not take them is told by its name, at once and without the value', async () => {
    site.authorization = 'Basic other';
    const ask = open([archive(site.url)]);
    const options = { signal: init.signal, random: Math.random, fetch: ask };
    const file = { sha256: 'a'.repeat(64), size: 5, address: `${site.url}/pool/x`, place: join(folder, 'x') };
    for (const work of [
      readAddress(`${site.url}/dists/trixie/InRelease`, 1_000, options),
      downloadFile(file, options),
    ]) {
      const failed = await work.catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(StepError);
      expect(failed).toMatchObject({
        code: 'archive.unauthorized',
        message: 'archives[site].credentials: the archive does not take this user and password (status 401).',
      });
    }
    expect(site.asked).toHaveLength(2);
  });

  it('is asked with a value that was set while the stage runs', async () => {
    let value = password;
    const ask = open([archive(site.url)], async () => value);
    const release = `${site.url}/dists/trixie/InRelease`;
    expect((await ask(release, init)).status).toBe(200);
    value = 'another';
    site.authorization = `Basic ${Buffer.from(`ci:${value}`).toString('base64')}`;
    expect([(await ask(release, init)).status, (await ask(release, init)).status]).toEqual([200, 200]);
    expect(asked).toEqual(['packages site', 'packages site']);
  });

  it('asks again for a secret that could not be had', async () => {
    let away = true;
    const ask = open([archive(site.url)], async () => {
      if (away) throw new ExchangeError('the connection failed', true);
      return password;
    });
    await expect(ask(`${site.url}/dists/trixie/InRelease`, init)).rejects.toThrow('the connection failed');
    away = false;
    expect((await ask(`${site.url}/dists/trixie/InRelease`, init)).status).toBe(200);
  });
});

describe('a secret', () => {
  it('shows in no line, tail or reason once it is told', async () => {
    const log = new AttemptLog(100_000, () => 0);
    log.add('packages', 'out', 'before');
    const tell = stepSecrets(
      exchangeOver(async () => ({ kind: 'secret', value: password })),
      log,
    );
    expect(await tell('packages', 'site')).toBe(password);
    const shown = encodeURIComponent(password);
    log.add('packages', 'out', `curl ${password}${password} and ${shown}`);
    // A long line is cut after that, not before: half a secret is one too.
    log.add('packages', 'err', `${'x'.repeat(3_990)}${password}`);
    // So is one that the reader of the output would have cut.
    const lines = new LineSplitter((line) => log.add('packages', 'err', line));
    lines.write(Buffer.from(`${'y'.repeat(3_995)}${password} ${'z'.repeat(20_000)}\n`));
    const failure = stepFailure('packages', new Error(`cannot open https://ci:${shown}@host`), log);
    const text = log.bytes().toString('utf8') + JSON.stringify([failure, log.tail('packages')]);
    expect(text).not.toMatch(/hush/);
    expect(text).toContain('curl ****** and ***');
    expect(failure.reason).toBe('cannot open https://ci:***@host');
  });

  it('that was removed meanwhile is told by its name; what may pass is not hidden as that', async () => {
    const log = new AttemptLog(100_000, () => 0);
    const refusing = (error: Error) => stepSecrets({ ask: () => Promise.reject(error) }, log);
    const gone = new ExchangeError('secret.not_found: none', false, 'secret.not_found');
    await expect(refusing(gone)('packages', 'site')).rejects.toMatchObject({
      code: 'secret.not_found',
      message: 'The tenant has no secret site any more.',
    });
    const damaged = new ExchangeError('secret.damaged: no', false, 'secret.damaged');
    await expect(refusing(damaged)('packages', 'site')).rejects.toMatchObject({ code: 'secret.damaged' });
    const away = new ExchangeError('the connection failed', true);
    await expect(refusing(away)('packages', 'site')).rejects.toBe(away);
  });
});
