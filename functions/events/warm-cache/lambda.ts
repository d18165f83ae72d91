import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './warm-cache.ts';

export const handler = bindFunction(handle);
