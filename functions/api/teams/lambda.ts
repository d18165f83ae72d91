import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { teamOperations } from './operations.ts';

export const handler = bindOperations(teamOperations);
