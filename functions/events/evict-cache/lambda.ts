import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './evict-cache.ts';

export const handler = bindFunction(handle);
