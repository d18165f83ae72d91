import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { specOperations } from './operations.ts';

export const handler = bindOperations(specOperations);
