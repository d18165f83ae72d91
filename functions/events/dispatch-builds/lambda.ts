import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './dispatch-builds.ts';

export const handler = bindFunction(handle);
