import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { cacheOperations } from './operations.ts';

export const handler = bindOperations(cacheOperations);
