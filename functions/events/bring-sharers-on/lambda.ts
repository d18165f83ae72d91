import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './bring-sharers-on.ts';

export const handler = bindFunction(handle);
