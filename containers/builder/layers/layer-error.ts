import { StepError } from '../step-error.ts';

/** A layer or module that does not fit its digest, its index or the layers below: nothing of it can be trusted. */
export class LayerError extends StepError {
  constructor(step: string, reason: string) {
    super('layer.damaged', `the layer of step ${step} is refused: ${reason}`);
    this.name = 'LayerError';
  }
}
