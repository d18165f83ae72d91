/** Bytes of the largest inspection that is written and read: a desktop’s has less than 2 MiB. */
export const largestInspection = 16 << 20;
