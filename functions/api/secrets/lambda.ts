import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { secretOperations } from './operations.ts';

export const handler = bindOperations(secretOperations);
