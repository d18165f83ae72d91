import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { webhookOperations } from './operations.ts';

export const handler = bindOperations(webhookOperations);
