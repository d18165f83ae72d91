import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './reap-tasks.ts';

export const handler = bindFunction(handle);
