import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { vulnerabilityOperations } from './operations.ts';

export const handler = bindOperations(vulnerabilityOperations);
