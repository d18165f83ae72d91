import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './clean-up.ts';

export const handler = bindFunction(handle);
