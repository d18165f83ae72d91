import type { Operation } from '../../shared/operation.ts';
import { listSecrets } from './list-secrets.ts';
import { removeSecret } from './remove-secret.ts';
import { setSecret } from './set-secret.ts';

export const secretOperations: readonly Operation[] = [listSecrets, removeSecret, setSecret];
