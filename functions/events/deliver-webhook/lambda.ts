import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './deliver-webhook.ts';

export const handler = bindFunction(handle);
