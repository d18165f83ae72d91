import { describe, expect, it } from 'vitest';
import { checkSpec } from '../../../core/spec/check.ts';
import { publicKeyBytes } from '../../../core/spec/configuration/openpgp-key.ts';
import { sectionsOf } from '../../../core/spec/configuration/sections.ts';
import { resolvedSpecSchema, specDigest } from '../../../core/spec/resolve.ts';
import { publicKey, sampleArchive } from './archive-samples.ts';
import { everything, sampleSpec } from './sample-spec.ts';

function resolved(fragment: Readonly<Record<string, unknown>>) {
  const checked = checkSpec(sampleSpec(fragment), everything);
  if (!checked.ok) throw new Error(JSON.stringify(checked.errors));
  return checked.spec;
}

describe('archives of a spec', () => {
  it('are in a resolved spec only where there are some', () => {
    expect(specDigest(resolved({ archives: [] }))).toBe(specDigest(resolved({})));
    expect(Object.keys(resolved({ archives: [] }))).not.toContain('archives');
  });

  it('have one form, in which they are the same', () => {
    const one = [
      sampleArchive({ name: 'b', url: 'http://b.example/', suites: ['y', 'x'], components: ['two', 'one'] }),
      sampleArchive({ name: 'a', key: publicKey.replace('\n\n', '\nComment: mine\n\n').replaceAll('\n', '\r\n') }),
    ];
    const spec = resolved({ archives: one });
    expect(spec.archives).toEqual([
      { ...sampleArchive({ name: 'a' }), components: ['main'], for: 'both' },
      {
        ...sampleArchive({ name: 'b', url: 'http://b.example', suites: ['x', 'y'], components: ['one', 'two'] }),
        for: 'both',
      },
    ]);
    expect(specDigest(resolvedSpecSchema.parse(spec))).toBe(specDigest(spec));
  });

  it('write files of the image only where the image has them, and bring authorities for https alone', () => {
    const effects = (more: object) => sectionsOf(sampleSpec({ archives: [sampleArchive(more)] }))[0];
    expect(effects({ priority: 400 })).toMatchObject({
      packages: ['ca-certificates'],
      paths: ['/etc/apt/sources.list.d/site.sources', '/etc/apt/keyrings/site.asc', '/etc/apt/preferences.d/site.pref'],
    });
    expect(effects({ for: 'build' })).toMatchObject({ packages: [], paths: [] });
    expect(effects({ for: 'image', url: 'http://a.example' })?.packages).toEqual([]);
  });

  it('have keys whose bytes are what the armor holds', () => {
    expect(publicKeyBytes(publicKey)?.slice(0, 3)).toEqual(Uint8Array.from([0x98, 0, 1]));
    expect(publicKeyBytes(publicKey)).toHaveLength(81);
  });

  it('take credentials over http at the hosts alone that the operator allows', () => {
    const credentials = { username: 'ci', password: { secret: 'site' } };
    const spec = (url: string) => sampleSpec({ archives: [sampleArchive({ url, credentials })] });
    const abilities = { ...everything, privateArchiveHosts: ['Archive.internal'] };
    expect(checkSpec(spec('http://archive.Internal:8080/debian'), abilities).ok).toBe(true);
    expect(checkSpec(spec('https://packages.example/debian'), everything).ok).toBe(true);
    for (const url of ['http://archive.internal.example/debian', 'http://other.internal/debian']) {
      expect(checkSpec(spec(url), abilities)).toMatchObject({
        errors: [{ path: 'archives[0].credentials', code: 'spec.contradiction' }],
      });
    }
  });
});
