import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { serviceOperations } from './operations.ts';

export const handler = bindOperations(serviceOperations);
