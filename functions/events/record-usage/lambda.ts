import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './record-usage.ts';

export const handler = bindFunction(handle);
