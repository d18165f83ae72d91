import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './cancel-build.ts';

export const handler = bindFunction(handle);
