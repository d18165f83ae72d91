import type { Operation } from '../../shared/operation.ts';
import { uploadLock } from './upload-lock.ts';

export const lockOperations: readonly Operation[] = [uploadLock];
