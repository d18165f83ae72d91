import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './finalize-build.ts';

export const handler = bindFunction(handle);
