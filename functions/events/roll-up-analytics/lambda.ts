import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './roll-up-analytics.ts';

export const handler = bindFunction(handle);
