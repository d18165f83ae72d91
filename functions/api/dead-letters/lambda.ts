import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { deadLetterOperations } from './operations.ts';

export const handler = bindOperations(deadLetterOperations);
