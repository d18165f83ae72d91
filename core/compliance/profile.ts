/** What an image is judged by. The names stand in specs, reports and addresses. */
export const profileIds = ['base', 'hipaa', 'pci-dss', 'soc2'] as const;
export type ProfileId = (typeof profileIds)[number];

/** What a profile is, for people. */
export interface Profile {
  readonly title: string;
  /** The text whose clauses its checks name. */
  readonly source: string;
  /** What it says of an image, and what it does not. */
  readonly scope: string;
}

const technical = 'Technical checks of an image alone; whoever runs it has to answer for everything else.';

export const profiles: Readonly<Record<ProfileId, Profile>> = {
  base: {
    title: 'Hardened base',
    source: 'CIS Debian Linux Benchmarks, sections by name; the checks are this project’s own.',
    scope: technical,
  },
  hipaa: {
    title: 'HIPAA Security Rule, technical safeguards',
    source: '45 CFR 164.312.',
    scope: technical,
  },
  'pci-dss': {
    title: 'PCI DSS 4.0.1',
    source: 'Payment Card Industry Data Security Standard, version 4.0.1 (June 2024).',
    scope: technical,
  },
  soc2: {
    title: 'SOC 2',
    source: 'AICPA Trust Services Criteria 2017 (points of focus of 2022).',
    scope: `${technical} The criteria name no settings: which checks stand for which of them is this project’s choice.`,
  },
};
