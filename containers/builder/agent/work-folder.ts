/** Where a builder's tree, inputs and outputs are, within the builder's own root, where nothing else is set. */
export const usualWorkFolder = '/work';
