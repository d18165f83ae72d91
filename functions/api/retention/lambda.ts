import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { retentionOperations } from './operations.ts';

export const handler = bindOperations(retentionOperations);
