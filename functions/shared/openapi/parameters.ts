import type { createDocument } from 'zod-openapi';

type Document = ReturnType<typeof createDocument>;
type Parameter = { readonly name: string; readonly in: string };

/**
 * A document whose parameters that several operations share stand among the components, each once. Of different
 * parameters with one name, the one that is used most is shared: its component has that name.
 */
export function hoistParameters(document: Document): object {
  const uses = new Map<string, { readonly parameter: Parameter; times: number }>();
  eachOperation(document, (parameters) => {
    for (const parameter of parameters) {
      const text = JSON.stringify(parameter);
      const known = uses.get(text);
      if (known === undefined) uses.set(text, { parameter, times: 1 });
      else known.times += 1;
    }
    return parameters;
  });
  const shared = new Map<string, { readonly text: string; readonly times: number }>();
  for (const [text, { parameter, times }] of uses) {
    if (times > 1 && times > (shared.get(parameter.name)?.times ?? 0)) shared.set(parameter.name, { text, times });
  }
  const paths = eachOperation(document, (parameters) =>
    parameters.map((parameter) =>
      shared.get(parameter.name)?.text === JSON.stringify(parameter)
        ? { $ref: `#/components/parameters/${parameter.name}` }
        : parameter,
    ),
  );
  const components = [...shared]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { text }]) => [name, JSON.parse(text)]);
  const { components: others, ...rest } = document;
  return { ...rest, paths, components: { ...others, parameters: Object.fromEntries(components) } };
}

/** The paths of a document, with the parameters of each operation as `change` answers them. */
function eachOperation(document: Document, change: (parameters: readonly Parameter[]) => readonly object[]): object {
  return Object.fromEntries(
    Object.entries(document.paths ?? {}).map(([path, item]) => [
      path,
      Object.fromEntries(
        Object.entries(item).map(([method, operation]: [string, { parameters?: readonly Parameter[] }]) => [
          method,
          operation.parameters === undefined ? operation : { ...operation, parameters: change(operation.parameters) },
        ]),
      ),
    ]),
  );
}
