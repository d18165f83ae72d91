import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './classify-stage.ts';

export const handler = bindFunction(handle);
