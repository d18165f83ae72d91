import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { approvalOperations } from './operations.ts';

export const handler = bindOperations(approvalOperations);
