import type { z } from 'zod';
import type { Inspection } from '../plan/programs/inspection.ts';
import type { InspectedTree } from './inspected-tree.ts';
import type { ProfileId } from './profile.ts';

/**
 * `pass` and `fail` are found; `not_applicable` says that the image has not what the check is about; `manual` says that
 * an image cannot show it, and that a person has to.
 */
export const resultStates = ['pass', 'fail', 'not_applicable', 'manual'] as const;
export type ResultState = (typeof resultStates)[number];

export const severities = ['high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];

/** What a check found. */
export interface Verdict {
  readonly state: ResultState;
  /** What was seen, each line with its place: `/etc/ssh/sshd_config:3: PermitRootLogin yes`. Never empty. */
  readonly evidence: readonly string[];
}

/** What is known of how an image was made. */
export interface BuildFacts {
  /** Signed provenance and bills of materials are made with it. */
  readonly evidence: boolean;
  /** Digest of the resolved spec. */
  readonly specDigest: string;
  /** How many have approved it. */
  readonly approvals: number;
  /** Known vulnerabilities of its packages; undefined where the installation has no data. */
  readonly vulnerabilities?: { readonly open: number; readonly fixable: number; readonly dataFrom: string } | undefined;
}

/** What checks read of a resolved spec. */
export interface JudgedSpec {
  readonly base: { readonly release: string; readonly architecture: string };
  readonly outputs: readonly { readonly type: string }[];
  readonly users: readonly {
    readonly name: string;
    readonly sshKeys: readonly string[];
    readonly passwordHash?: string | undefined;
    readonly locked?: boolean | undefined;
  }[];
  readonly kernel: { readonly cmdline: readonly string[] };
  readonly services: { readonly enable: readonly string[] };
  readonly packages: { readonly install: readonly string[] };
  readonly firewall?: { readonly allow: readonly { readonly port: string; readonly protocol: string }[] } | undefined;
  readonly disk?:
    | {
        readonly partitions?:
          | readonly { readonly mountPoint: string; readonly options?: readonly string[] | undefined }[]
          | undefined;
      }
    | undefined;
  readonly firstBoot?: readonly { readonly name: string; readonly run: string }[] | undefined;
}

/** What a check looks at. */
export interface CheckContext<Values = Readonly<Record<string, unknown>>> {
  readonly spec: JudgedSpec;
  readonly tree: InspectedTree;
  readonly found: Inspection;
  readonly build: BuildFacts;
  /** Its parameters, with what the spec has tailored. */
  readonly values: Values;
}

/**
 * A check: one thing that an image is or is not. `image` checks can be met by an image alone; `site` checks need
 * something that only its owner can give (a host for logs, a password hash, a policy).
 */
export interface Check<Parameters extends z.ZodObject = z.ZodObject> {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly tag: 'image' | 'site';
  /** The clauses that it stands for, by profile: it belongs to the profiles that are named. */
  readonly clauses: Partial<Readonly<Record<ProfileId, readonly [string, ...string[]]>>>;
  /** How it is judged, in one or two sentences. */
  readonly how: string;
  /** What makes it pass. */
  readonly remedy: string;
  /** What a spec may tailor: only what is as strict as the clauses, or what a site alone knows. */
  readonly parameters?: Parameters;
  judge(context: CheckContext<z.output<Parameters>>): Verdict;
}

/** A check without parameters, or with them: keeps the types of both together. */
export function check<Parameters extends z.ZodObject>(definition: Check<Parameters>): Check<Parameters> {
  return definition;
}
