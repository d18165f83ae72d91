import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { stageOperations } from './operations.ts';

export const handler = bindOperations(stageOperations);
