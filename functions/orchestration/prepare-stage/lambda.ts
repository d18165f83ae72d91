import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './prepare-stage.ts';

export const handler = bindFunction(handle);
