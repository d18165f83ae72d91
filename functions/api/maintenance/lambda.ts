import { bindOperations } from '../../shared/aws/api-lambda.ts';
import { maintenanceOperations } from './operations.ts';

export const handler = bindOperations(maintenanceOperations);
