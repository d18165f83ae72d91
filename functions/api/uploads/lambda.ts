import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { uploadOperations } from './operations.ts';

export const handler = bindOperations(uploadOperations);
