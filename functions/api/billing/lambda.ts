import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { billingOperations } from './operations.ts';

export const handler = bindOperations(billingOperations);
