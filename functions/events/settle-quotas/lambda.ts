import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './settle-quotas.ts';

export const handler = bindFunction(handle);
