/** A bug of a kind that the design is there to keep out, as a change of one place in a file. */
export interface PlantedBug {
  /** The function that has it: by its name in core/wiring/flow-functions.ts, or one that several of these call. */
  readonly handler: string;
  readonly says: string;
  /** From the repository's root. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly from: string;
  readonly to: string;
}

const settle = 'core/builds/settle.ts';

/** One for each function that acts on what happens in a storm. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    handler: 'AwaitDependencies',
    says: 'a stage does not wait for those that it needs',
    file: 'functions/orchestration/await-dependencies/await-dependencies.ts',
    from: 'if (pending === 0) await ports',
    to: 'await ports',
  },
  {
    handler: 'PrepareStage',
    says: 'called again, it forgets the attempt that it prepared before',
    file: 'functions/orchestration/prepare-stage/prepare-stage.ts',
    from: "...(stale === undefined ? [] : endAttemptWrites(build, stale, { endedAt: now, ending: 'infrastructure' })),",
    to: '',
  },
  {
    handler: 'ClassifyStage',
    says: 'asked again, it counts another retry',
    file: 'functions/orchestration/classify-stage/classify-stage.ts',
    from: 'if (classified?.attempt === message.attempt) {',
    to: 'if (classified?.attempt === -1) {',
  },
  {
    handler: 'SettleStage',
    says: 'its dependents are lowered in a transaction of their own',
    file: settle,
    from: '  await ports.table.transact(writes);\n  return settled;',
    to: '  await ports.table.transact(writes.slice(0, 1));\n  await ports.table.transact(writes.slice(1));\n  return settled;',
  },
  {
    handler: 'FinalizeBuild',
    says: 'a build has succeeded where one of its stages has',
    file: 'functions/orchestration/finalize-build/finalize-build.ts',
    from: "stages.every((stage) => stage.value.state === 'succeeded')",
    to: "stages.some((stage) => stage.value.state === 'succeeded')",
  },
  {
    handler: 'planBuild',
    says: 'a build is queued before its stages are stored',
    file: 'functions/orchestration/plan-build/plan-build.ts',
    from: 'planned, () => storeStages(ports, buildId, plan));',
    to: 'planned, async () => undefined);\n  await storeStages(ports, buildId, plan);',
  },
  {
    handler: 'dispatchBuilds',
    says: 'a start takes no slot',
    file: 'core/queue/start-build.ts',
    from: '...slots.map(({ write }) => write), told]',
    to: 'told]',
  },
  {
    handler: 'cancelBuild',
    says: 'what was cancelled ends as failed',
    file: 'functions/events/cancel-build/cancel-build.ts',
    from: "await endBuild(ports, buildId, 'cancelled');",
    to: "await endBuild(ports, buildId, 'failed');",
  },
  {
    handler: 'settleBuild',
    says: 'its sweep ends builds whose execution goes on',
    file: 'functions/events/settle-build/settle-build.ts',
    from: "else if (status !== 'running') await settleBuild(ports, build.id);",
    to: 'else if (status.length > 0) await settleBuild(ports, build.id);',
  },
  {
    handler: 'publishOutbox',
    says: 'an event is deleted that the bus did not take',
    file: 'core/events/outbox.ts',
    from: 'await Promise.all(accepted.map((id) =>',
    to: 'await Promise.all(events.map(({ id }) =>',
  },
  {
    handler: 'reapTasks',
    says: 'builders of builds that are over go on',
    file: 'core/builds/orphaned-builders.ts',
    from: "return build === undefined || isEnding(build.value) || attempt?.value.state !== 'live';",
    to: 'return build === undefined;',
  },
  {
    handler: 'bringSharersOn',
    says: 'who shares a work succeeds, however that ends',
    file: 'core/sharing/follow.ts',
    from: "return (work.outcome ?? work.state) === 'succeeded' ? 'succeeded' : 'failed';",
    to: "return 'succeeded';",
  },
  {
    handler: 'rollUpAnalytics',
    says: 'a build that is told of twice is counted twice',
    file: 'core/analytics/take-facts.ts',
    from: "  if ((await table.get(takenPlace(buildId))) !== undefined) return 'nothing';\n",
    to: "  await table.transact([{ kind: 'delete', key: takenPlace(buildId) }]);\n",
  },
  {
    handler: 'sealAudit',
    says: 'entries are chained in one transaction, and the head follows in another',
    file: 'core/audit/sealer.ts',
    from: '        ...writes,\n      ]);',
    to: '      ]);\n      await table.transact(writes);',
  },
  {
    handler: 'settleQuotas',
    says: 'leases are settled before their build has ended',
    file: 'core/quota/settlement.ts',
    from: 'if (build === undefined || !isTerminal(build.state)) return false;',
    to: 'if (build === undefined) return false;',
  },
  {
    handler: 'recordUsage',
    says: 'a threshold is told each time that it is found reached',
    file: 'core/billing/budget-watch.ts',
    from: 'before.microDollars === budget.microDollars ? before.told : [];',
    to: 'before.microDollars === budget.microDollars ? [] : [];',
  },
  {
    handler: 'deliverWebhook',
    says: 'deliveries are named by the time of their event',
    file: 'core/webhooks/delivery.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is looked for in a file
    from: 'sha256(`${event.id}\\n${endpointId}`)',
    to: 'sha256(endpointId)',
  },
  {
    handler: 'buildWrite',
    says: 'a build is written whatever came meanwhile',
    file: 'core/builds/build-repository.ts',
    from: "condition: version === 'absent' ? { kind: 'absent' } : { kind: 'version', version },",
    to: "condition: version === 'absent' ? { kind: 'absent' } : { kind: 'exists' },",
  },
  {
    handler: 'stageWrite',
    says: 'a stage is written whatever came meanwhile',
    file: 'core/builds/stage-repository.ts',
    from: "data: toJsonObject(stage),\n    condition: { kind: 'version', version },",
    to: "data: toJsonObject(stage),\n    condition: { kind: 'exists' },",
  },
  {
    handler: 'deliveryWrite',
    says: 'a delivery is written whatever came meanwhile',
    file: 'core/webhooks/delivery.ts',
    from: 'condition: atVersion(version),',
    to: "condition: version === 0 ? atVersion(0) : { kind: 'exists' },",
  },
  {
    handler: 'settleStage',
    says: 'a failed script is told as a failure of the infrastructure',
    file: settle,
    from: 'failure = { ...result.failure, stage: stageId };',
    to: "failure = { ...result.failure, code: 'builder.infrastructure', stage: stageId };",
  },
  {
    handler: 'endAttempt',
    says: 'what the infrastructure took back is taken for lost, and its tenant pays',
    file: 'functions/orchestration/classify-stage/classify-stage.ts',
    from: "reported === undefined ? stop.kind : 'reported';",
    to: "reported !== undefined ? 'reported' : stop.kind === 'infrastructure' ? 'lost' : stop.kind;",
  },
  {
    handler: 'requestCancel',
    says: 'it is not written down who asked',
    file: 'core/sharing/cancel.ts',
    from: '[buildWrite(asked, version), told, entry, ...writes]',
    to: '[buildWrite(asked, version), told, ...writes]',
  },
  {
    handler: 'prepareAttempt',
    says: 'of two calls at once the manifest may be of the one whose attempt was not stored',
    file: 'functions/orchestration/prepare-stage/prepare-stage.ts',
    from: '  await ports.table.transact([\n    stageWrite(\n      build.id,\n      { ...stage.value, state:',
    to: "  await ports.blobs.put(place, utf8(JSON.stringify(manifest)), { contentType: 'application/json' });\n  await ports.table.transact([\n    stageWrite(\n      build.id,\n      { ...stage.value, state:",
  },
  {
    handler: 'withToken',
    says: 'a stage keeps the token that was stored last alone',
    file: 'functions/orchestration/await-dependencies/await-dependencies.ts',
    from: '...(earlierTokens.length === 0 ? {} : { earlierTokens })',
    to: '...(earlierTokens.length === 0 ? {} : {})',
  },
];
