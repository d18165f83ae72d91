import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { accessOperations } from './operations.ts';

export const handler = bindOperations(accessOperations);
