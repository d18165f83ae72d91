import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './settle-stage.ts';

export const handler = bindFunction(handle);
