/**
 * Names of the environment variables that the functions read on AWS: lib/ sets every one of them on every function,
 * and functions/shared/aws/environment.ts reads them. A function's rights, not its environment, say what it may do.
 */
export const environmentNames = {
  apiUrl: 'LBUILD_API_URL',
  toolchain: 'LBUILD_TOOLCHAIN',
  mode: 'LBUILD_MODE',
  architectures: 'LBUILD_ARCHITECTURES',
  outputs: 'LBUILD_OUTPUTS',
  cursorSecretId: 'LBUILD_CURSOR_SECRET_ID',
  concurrentBuilds: 'LBUILD_CONCURRENT_BUILDS',
  concurrentBuildsPerTenant: 'LBUILD_CONCURRENT_BUILDS_PER_TENANT',
  stagesPerBuild: 'LBUILD_STAGES_PER_BUILD',
  spot: 'LBUILD_SPOT',
  cacheLimitGiB: 'LBUILD_CACHE_LIMIT_GIB',
  warmsPresets: 'LBUILD_WARMS_PRESETS',
  tableName: 'LBUILD_TABLE',
  workBucket: 'LBUILD_WORK_BUCKET',
  artifactsBucket: 'LBUILD_ARTIFACTS_BUCKET',
  presignRoleArn: 'LBUILD_PRESIGN_ROLE_ARN',
  stateMachineArn: 'LBUILD_STATE_MACHINE_ARN',
  cluster: 'LBUILD_CLUSTER',
  taskFamily: 'LBUILD_TASK_FAMILY',
  eventBusName: 'LBUILD_EVENT_BUS',
  signingKeyArn: 'LBUILD_SIGNING_KEY_ARN',
  archiveDebian: 'LBUILD_ARCHIVE_DEBIAN',
  archiveFallbackHours: 'LBUILD_ARCHIVE_FALLBACK_HOURS',
  archivePrivateHosts: 'LBUILD_ARCHIVE_PRIVATE_HOSTS',
  archiveSnapshot: 'LBUILD_ARCHIVE_SNAPSHOT',
  archiveDebianSecurity: 'LBUILD_ARCHIVE_DEBIAN_SECURITY',
} as const;
export type EnvironmentName = (typeof environmentNames)[keyof typeof environmentNames];
