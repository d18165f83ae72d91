import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './tell-plugins.ts';

export const handler = bindFunction(handle);
