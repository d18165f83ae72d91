import type { Operation } from '../../shared/operation.ts';
import { discardDeadLetter } from './discard-dead-letter.ts';
import { listDeadLetters } from './list-dead-letters.ts';
import { redriveDeadLetter } from './redrive-dead-letter.ts';

export const deadLetterOperations: readonly Operation[] = [listDeadLetters, redriveDeadLetter, discardDeadLetter];
