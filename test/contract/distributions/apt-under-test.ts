import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Distribution } from '../../../core/distributions/distribution.ts';
import { startSmallAptArchive } from '../../support/small-apt-archive.ts';
import type { DistributionUnderTest } from './distribution-contract.ts';

/** A distribution whose packages apt manages. */
export function aptUnderTest(distribution: Distribution): DistributionUnderTest {
  return {
    distribution,
    startArchive: startSmallAptArchive,
    installed: (tree) => {
      const status = readFileSync(join(tree, 'var/lib/dpkg/status'), 'utf8');
      const stanzas = status.matchAll(/^Package: (.+)\nStatus: install ok installed\n(?:.+\n)*?Version: (.+)$/gm);
      return new Map([...stanzas].map(([, name = '', version = '']) => [name, version]));
    },
    sourcesFile: `etc/apt/sources.list.d/${distribution.name}.sources`,
  };
}
