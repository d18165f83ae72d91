import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { lockOperations } from './operations.ts';

export const handler = bindOperations(lockOperations);
