/**
 * The clusters of a qcow2 file as they are given out, from its beginning to its end, and how many times each is
 * referred to. Compressed clusters are packed byte by byte and may run on into the next cluster; whole ones stand by
 * themselves, and the room that they leave before them is still filled.
 */
export class HostClusters {
  readonly #clusterBytes: number;
  /** The first cluster that nobody has, as an offset in bytes. */
  #free = 0;
  /** Where the next packed bytes go, as long as they end before the wall. */
  #at = 0;
  #wall = 0;
  /** By cluster. */
  readonly references: number[] = [];

  constructor(clusterBytes: number) {
    this.#clusterBytes = clusterBytes;
  }

  /** Clusters that were given out. */
  get count(): number {
    return this.#free / this.#clusterBytes;
  }

  /** Gives out a whole cluster; answers its offset in bytes. */
  take(): number {
    const offset = this.#free;
    this.#wall = Math.min(this.#wall, offset);
    this.references[this.count] = 1;
    this.#free += this.#clusterBytes;
    return offset;
  }

  /** Gives out room for packed bytes; answers its offset. */
  pack(bytes: number): number {
    if (this.#at + bytes > this.#wall) {
      this.#at = this.#free;
      this.#wall = Number.POSITIVE_INFINITY;
    }
    const offset = this.#at;
    this.#at += bytes;
    const last = Math.floor((this.#at - 1) / this.#clusterBytes);
    for (let cluster = Math.floor(offset / this.#clusterBytes); cluster <= last; cluster += 1) {
      this.references[cluster] = (this.references[cluster] ?? 0) + 1;
    }
    this.#free = Math.max(this.#free, (last + 1) * this.#clusterBytes);
    return offset;
  }
}
