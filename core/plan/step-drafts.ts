import type { TrustClass } from '../builds/manifest.ts';
import type { JsonObject } from '../digest.ts';
import { toJsonObject } from '../json.ts';
import { type ProgramName, programs } from './programs/catalogue.ts';

/** A step before its key is known. */
export interface StepDraft {
  readonly id: string;
  readonly program: ProgramName;
  readonly trust: TrustClass;
  readonly scope: 'shared' | 'tenant';
  readonly options: JsonObject;
  readonly needs: readonly string[];
  readonly label: string;
  readonly timeoutSeconds: number;
  /** Digest of the packages that a lock gives to it, where they are not those that the archive's state gives. */
  readonly locked?: string;
}

/** Steps as they are added, each by default after the one before. */
export class Chain {
  readonly drafts: StepDraft[] = [];
  /** The steps that the next one is built on. */
  tips: readonly string[] = [];
  /** Code of a tenant's has changed the tree: what is added runs code of that tree, or beside it, as the tenant's. */
  afterTenant = false;

  /** Adds a step of a program and makes it the tip. */
  add(
    program: ProgramName,
    options: object,
    settings: Partial<Pick<StepDraft, 'id' | 'scope' | 'trust' | 'needs' | 'label' | 'timeoutSeconds'>> = {},
  ): string {
    const id = this.beside(program, options, settings);
    this.tips = [id];
    return id;
  }

  /** Adds a step and leaves the tips as they are. */
  beside(program: ProgramName, options: object, settings: Parameters<Chain['add']>[2] = {}): string {
    const declaration = programs[program];
    const draft: StepDraft = {
      id: program,
      program,
      trust: this.afterTenant && declaration.trust === 'service' ? 'tenant' : declaration.trust,
      scope: 'tenant',
      options: toJsonObject(options),
      needs: this.tips,
      label: declaration.summary,
      timeoutSeconds: declaration.timeoutSeconds,
      ...settings,
    };
    this.drafts.push(draft);
    return draft.id;
  }
}

/** The drafts that make a layer, in their order. */
export function layersOf(drafts: readonly StepDraft[]): string[] {
  return drafts.filter((draft) => programs[draft.program].produces === 'layer').map((draft) => draft.id);
}

/** The steps whose layers make up a tree, lowest first. */
export function layersBelow(drafts: readonly StepDraft[], tips: readonly string[]): string[] {
  const sorted = sortByNeeds(drafts);
  const below = new Set(tips);
  for (const draft of sorted.toReversed()) if (below.has(draft.id)) for (const need of draft.needs) below.add(need);
  return layersOf(sorted).filter((id) => below.has(id));
}

/** Topological order that keeps the given order where it may (Kahn). The spec check has refused circles before. */
export function sortByNeeds(drafts: readonly StepDraft[]): StepDraft[] {
  const sorted: StepDraft[] = [];
  const done = new Set<string>();
  let rest = [...drafts];
  while (rest.length > 0) {
    const ready = rest.find((draft) => draft.needs.every((need) => done.has(need)));
    if (ready === undefined) throw new Error(`steps need each other: ${rest.map((draft) => draft.id).join(', ')}`);
    sorted.push(ready);
    done.add(ready.id);
    rest = rest.filter((draft) => draft !== ready);
  }
  return sorted;
}
