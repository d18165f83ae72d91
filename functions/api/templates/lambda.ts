import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { templateOperations } from './operations.ts';

export const handler = bindOperations(templateOperations);
