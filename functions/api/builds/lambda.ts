import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { buildOperations } from './operations.ts';

export const handler = bindOperations(buildOperations);
