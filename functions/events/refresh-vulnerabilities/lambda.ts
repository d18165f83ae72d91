import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './refresh-vulnerabilities.ts';

export const handler = bindFunction(handle);
