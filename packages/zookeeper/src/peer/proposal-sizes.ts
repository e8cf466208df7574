/** Bytes of proposals; -1 before the first. Source: org.apache.zookeeper.server.quorum.BufferStats. */
export class ProposalSizes {
  last = -1;
  min = -1;
  max = -1;

  add(bytes: number): void {
    this.last = bytes;
    if (this.min === -1 || bytes < this.min) this.min = bytes;
    if (bytes > this.max) this.max = bytes;
  }
}
