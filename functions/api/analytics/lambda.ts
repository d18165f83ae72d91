import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { analyticsOperations } from './operations.ts';

export const handler = bindOperations(analyticsOperations);
