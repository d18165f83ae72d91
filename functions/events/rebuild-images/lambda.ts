import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './rebuild-images.ts';

export const handler = bindFunction(handle);
