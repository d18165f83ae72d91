import type { Operation } from '../../shared/operation.ts';
import { cancelBuild } from './cancel-build.ts';
import { diffBuilds } from './diff-builds.ts';
import { downloadArtifact } from './download-artifact.ts';
import { downloadEvidence } from './download-evidence.ts';
import { listArtifacts } from './list-artifacts.ts';
import { listBuilds } from './list-builds.ts';
import { listPluginRuns } from './list-plugin-runs.ts';
import { listScans } from './list-scans.ts';
import { listVerifications } from './list-verifications.ts';
import { previewPlan } from './preview-plan.ts';
import { readBuild } from './read-build.ts';
import { readBuildCost } from './read-build-cost.ts';
import { readBuildTrace } from './read-build-trace.ts';
import { readBuildLock } from './read-lock.ts';
import { readLogs } from './read-logs.ts';
import { readBuildRetention } from './read-retention.ts';
import { readScan } from './read-scan.ts';
import { readBuildSpec } from './read-spec.ts';
import { recheckBuild } from './recheck-build.ts';
import { recheckBuilds } from './recheck-builds.ts';
import { removeBuildArtifacts } from './remove-artifacts.ts';
import { restoreBuildArtifacts } from './restore-artifacts.ts';
import { resumeBuild } from './resume-build.ts';
import { retryBuild } from './retry-build.ts';
import { scanBuild } from './scan-build.ts';
import { startBuild } from './start-build.ts';
import { tagBuildArtifacts } from './tag-artifacts.ts';
import { verifyBuild } from './verify-build.ts';

export const buildOperations: readonly Operation[] = [
  startBuild,
  previewPlan,
  listBuilds,
  readBuild,
  readBuildCost,
  readBuildLock,
  readBuildSpec,
  readBuildTrace,
  cancelBuild,
  resumeBuild,
  retryBuild,
  readLogs,
  listArtifacts,
  downloadArtifact,
  removeBuildArtifacts,
  restoreBuildArtifacts,
  readBuildRetention,
  tagBuildArtifacts,
  downloadEvidence,
  diffBuilds,
  verifyBuild,
  listVerifications,
  listPluginRuns,
  listScans,
  readScan,
  recheckBuild,
  recheckBuilds,
  scanBuild,
];
