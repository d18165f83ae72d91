/** The members of `$states` that exist only in some fields; `input` and `context` exist in all. */
export type StatesMember = 'result' | 'errorOutput';

export interface ExpressionPlace {
  /** Variables of this scope and of those around it. */
  readonly variables: ReadonlySet<string>;
  readonly member: StatesMember | undefined;
  /** True where the context holds Task.Token. */
  readonly token: boolean;
}

/** The supported part of the context object; Step Functions has more, which nothing here may lean on. */
const contextMembers: Readonly<Record<string, readonly string[]>> = {
  Execution: ['Id', 'Input', 'Name', 'StartTime'],
  StateMachine: ['Name'],
  State: ['Name', 'EnteredTime', 'RetryCount'],
  Map: ['Item'],
  Task: ['Token'],
};
const itemMembers = ['Index', 'Value'];

/**
 * Functions that an expression may call. Left out: `$eval`, which Step Functions refuses; `$now`, `$millis`, `$random`,
 * `$shuffle`, whose value would differ when a state runs again after a crash; and what Step Functions alone has.
 */
const functions = new Set(
  (
    'abs append assert average base64decode base64encode boolean ceil contains count decodeUrl decodeUrlComponent ' +
    'distinct each encodeUrl encodeUrlComponent error exists filter floor formatBase formatInteger formatNumber ' +
    'fromMillis join keys length lookup lowercase map match max merge min not number pad parseInteger power reduce ' +
    'replace reverse round sift single sort split spread sqrt string substring substringAfter substringBefore sum ' +
    'toMillis trim type uppercase zip'
  ).split(' '),
);

/**
 * Checks the names that an expression uses, on its syntax tree.
 * @returns a reason for each thing that is refused.
 */
export function checkNames(ast: unknown, place: ExpressionPlace): readonly string[] {
  const reasons: string[] = [];
  const local = new Set<string>();
  visit(ast, (node) => collectBindings(node, local));
  if (first(ast)?.type === 'name') {
    reasons.push('begins with a plain name: a state has no document, begin with $states.input or a variable');
  }
  visit(ast, (node) => {
    if (node.type === 'path' && isStates(first(node))) {
      reasons.push(...checkStatesPath(names(node), place));
      return;
    }
    if (node.type !== 'variable' || typeof node.value !== 'string' || node.value === '') return;
    const name = node.value;
    if (name === '$') reasons.push('uses $$, which Step Functions refuses');
    else if (name === 'states') reasons.push('uses $states whole: name a member of it');
    else if (!local.has(name) && !functions.has(name) && !place.variables.has(name)) {
      reasons.push(`uses $${name}, which is no supported function and is assigned in no scope around it`);
    }
  });
  return reasons;
}

function checkStatesPath(path: readonly (string | undefined)[], place: ExpressionPlace): readonly string[] {
  const [member, group, field, part] = path;
  if (member === 'input') return [];
  if (member === 'result' || member === 'errorOutput') {
    return member === place.member ? [] : [`uses $states.${member}, which does not exist in this field`];
  }
  if (member !== 'context') return [`uses $states.${member ?? '…'}, which does not exist`];
  const members = group === undefined ? undefined : contextMembers[group];
  if (members === undefined || field === undefined || !members.includes(field)) {
    return [`uses $states.${path.slice(0, 3).join('.')}, which is not supported`];
  }
  if (group === 'Task' && !place.token) return ['uses the task token in a state that does not wait for one'];
  if (group === 'Map' && part !== undefined && !itemMembers.includes(part)) {
    return [`uses $states.context.Map.Item.${part}, which is not supported`];
  }
  return [];
}

interface SyntaxNode {
  readonly [member: string]: unknown;
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null;
}

/** Calls with each node. The `$states` at the head of a path is told with its path, not by itself. */
function visit(value: unknown, look: (node: SyntaxNode) => void): void {
  if (!isNode(value)) return;
  if (!Array.isArray(value)) look(value);
  const skipped = value.type === 'path' && isStates(first(value)) ? first(value) : undefined;
  for (const member of Object.values(value)) {
    if (member === value.steps && Array.isArray(member)) {
      for (const step of member) {
        if (step === skipped) visitParts(step, look);
        else visit(step, look);
      }
    } else visit(member, look);
  }
}

/** What hangs on a step beside its name: predicates and groupings. */
function visitParts(value: unknown, look: (node: SyntaxNode) => void): void {
  if (isNode(value)) for (const member of Object.values(value)) visit(member, look);
}

function first(value: unknown): SyntaxNode | undefined {
  if (!isNode(value)) return undefined;
  if (value.type !== 'path') return value;
  const step: unknown = Array.isArray(value.steps) ? value.steps[0] : undefined;
  return isNode(step) ? step : undefined;
}

function isStates(node: SyntaxNode | undefined): boolean {
  return node?.type === 'variable' && node.value === 'states';
}

/** The plain names that follow the head of a path, up to the first step that is none. */
function names(path: SyntaxNode): readonly (string | undefined)[] {
  const steps: readonly unknown[] = Array.isArray(path.steps) ? path.steps : [];
  const found: string[] = [];
  for (const step of steps.slice(1)) {
    if (!isNode(step) || step.type !== 'name' || typeof step.value !== 'string') break;
    found.push(step.value);
  }
  return found;
}

/** Names that an expression binds itself: parameters, `:=`, `@$x`, `#$x`. */
function collectBindings(node: SyntaxNode, local: Set<string>): void {
  const add = (value: unknown): void => {
    if (isNode(value) && value.type === 'variable' && typeof value.value === 'string') local.add(value.value);
  };
  if (node.type === 'lambda' && Array.isArray(node.arguments)) for (const parameter of node.arguments) add(parameter);
  if (node.type === 'bind') add(node.lhs);
  for (const marker of [node.focus, node.index]) if (typeof marker === 'string') local.add(marker);
}
