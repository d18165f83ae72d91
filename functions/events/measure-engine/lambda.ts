import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './measure-engine.ts';

export const handler = bindFunction(handle);
