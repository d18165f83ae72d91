import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './settle-build.ts';

export const handler = bindFunction(handle);
