import type { Operation } from '../../shared/operation.ts';
import { readCapabilities } from './read-capabilities.ts';
import { validateSpec } from './validate-spec.ts';

export const specOperations: readonly Operation[] = [validateSpec, readCapabilities];
