import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './expire-approvals.ts';

export const handler = bindFunction(handle);
