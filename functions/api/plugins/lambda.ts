import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { pluginOperations } from './operations.ts';

export const handler = bindOperations(pluginOperations);
