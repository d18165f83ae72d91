import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './await-dependencies.ts';

export const handler = bindFunction(handle);
