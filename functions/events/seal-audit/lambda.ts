import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './seal-audit.ts';

export const handler = bindFunction(handle);
