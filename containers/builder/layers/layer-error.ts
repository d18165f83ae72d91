/** A layer that does not fit its digest, its index or the layers below: nothing of it can be trusted. */
export class LayerError extends Error {
  constructor(step: string, reason: string) {
    super(`the layer of step ${step} is refused: ${reason}`);
    this.name = 'LayerError';
  }
}
