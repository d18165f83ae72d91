import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './plan-build.ts';

export const handler = bindFunction(handle);
