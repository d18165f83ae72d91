import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './export-audit.ts';

export const handler = bindFunction(handle);
