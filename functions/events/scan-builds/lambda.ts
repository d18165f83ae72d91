import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './scan-builds.ts';

export const handler = bindFunction(handle);
