import type { Operation } from '../../shared/operation.ts';
import { declareUpload } from './declare-upload.ts';
import { listUploads } from './list-uploads.ts';
import { readUpload } from './read-upload.ts';
import { removeUpload } from './remove-upload.ts';

export const uploadOperations: readonly Operation[] = [declareUpload, listUploads, readUpload, removeUpload];
