/** Import rules of docs/architecture.md. Each comment gives the reason for its rule. */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'A circle has no first thing to read, and its parts cannot be tested or replaced one at a time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'core-is-pure',
      comment:
        'The domain decides and touches nothing: the same rules run in Lambda, on one machine, in simulations and in tests.',
      severity: 'error',
      from: { path: '^core/', pathNot: '^core/(digest|certificate)\\.ts$' },
      to: { path: '.*', pathNot: ['^core/', '^node_modules/zod/'] },
    },
    {
      name: 'adapters-import-core',
      comment:
        'An adapter translates between one vendor and a port of core; knowing functions or local/ would tie the two.',
      severity: 'error',
      from: { path: '^adapters/' },
      to: { path: '^(bin|lib|functions|local|cli|sdk|containers|integrations|scripts)/' },
    },
    {
      name: 'functions-know-no-vendor',
      comment: 'Handlers run the same in Lambda and in local/; only the binding files (lambda.ts) choose adapters.',
      severity: 'error',
      from: { path: '^functions/', pathNot: '(^|/)lambda\\.ts$|^functions/shared/aws/' },
      to: { path: '^(adapters|local|lib|bin|cli|sdk|containers)/|^node_modules/@aws-sdk/' },
    },
    {
      name: 'infrastructure-names-code-by-path',
      comment: 'Synthesis must not load handler code: lib/ knows entries by path and core/wiring by import.',
      severity: 'error',
      from: { path: '^(lib|bin)/' },
      to: { path: '^(functions|adapters|local|cli|sdk|containers)/|^core/(?!wiring/|errors\\.ts|digest\\.ts)' },
    },
    {
      name: 'programs-import-only-their-contract',
      comment:
        'A step program sees {tree, inputs, options, exec, signal}: whatever else it imported would be an input that its key does not hold.',
      severity: 'error',
      from: { path: '^containers/builder/programs/', pathNot: '^containers/builder/programs/machine/' },
      to: {
        path: '.*',
        pathNot: [
          '^containers/builder/programs/',
          '^containers/builder/(contract|step-error)\\.ts$',
          '^core/plan/programs/',
          '^core/spec/configuration/',
          '^core/text\\.ts$',
          '^node:',
          '^(fs|path|stream|zlib|crypto|util|os|buffer|events|timers)(/|$)',
        ],
      },
    },
    {
      name: 'machines-import-what-speaks-to-them',
      comment:
        'A machine of a boot test is spoken to by sockets that QEMU opens, and answers in JSON, which zod reads; else as all programs.',
      severity: 'error',
      from: { path: '^containers/builder/programs/machine/' },
      to: {
        path: '.*',
        pathNot: [
          '^containers/builder/programs/machine/',
          '^containers/builder/(contract|step-error)\\.ts$',
          '^core/plan/programs/',
          '^node_modules/zod/',
          '^node:',
          '^(fs|path|net|timers|events)(/|$)',
        ],
      },
    },
    {
      name: 'front-doors-use-the-sdk',
      comment:
        "The CLI is a customer of the API like any other; it starts local/ by path, as a process. Only the operator's own acts (first key, quotas) go past the API, which does not exist yet or cannot know; and plugins are tested without an engine.",
      severity: 'error',
      from: { path: '^(cli|integrations)/', pathNot: '^cli/commands/(admin|doctor|plugin-test)\\.ts$' },
      to: { path: '^(adapters|functions|lib|bin|local|containers)/' },
    },
    {
      name: 'nothing-imports-tests',
      comment: 'Product code that needs test code is not finished.',
      severity: 'error',
      from: { pathNot: '^(test|bench)/' },
      to: { path: '^(test|bench)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(cdk\\.out|\\.lbuild|generated|dist)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
