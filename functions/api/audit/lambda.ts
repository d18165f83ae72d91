import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { auditOperations } from './operations.ts';

export const handler = bindOperations(auditOperations);
