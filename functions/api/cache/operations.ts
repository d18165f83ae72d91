import type { Operation } from '../../shared/operation.ts';
import { explainCache } from './explain-cache.ts';
import { listCache } from './list-cache.ts';
import { readCacheStats } from './read-cache-stats.ts';
import { removeCached } from './remove-cached.ts';
import { warmCache } from './warm-cache.ts';

export const cacheOperations: readonly Operation[] = [listCache, readCacheStats, explainCache, removeCached, warmCache];
