/** A number that only grows. Source: org.apache.zookeeper.server.metric.SimpleCounter. */
export class Counter {
  value = 0;

  add(more: number): void {
    this.value += more;
  }

  reset(): void {
    this.value = 0;
  }
}
