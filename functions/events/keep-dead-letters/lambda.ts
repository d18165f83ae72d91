import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './keep-dead-letters.ts';

export const handler = bindFunction(handle);
