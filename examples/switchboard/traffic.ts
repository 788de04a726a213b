/**
 * How much has been received and sent. Owns: the sums, of connections that have ended as well. Must not know: what was
 * said on any of them.
 */

/** What has passed on one connection, or on all. */
export interface Passed {
  /** Bytes received. */
  readonly bytesIn: number
  /** Bytes sent. */
  readonly bytesOut: number
}

/** The sums of connections that have ended. */
export class Traffic implements Passed {
  bytesIn = 0
  bytesOut = 0

  /** A connection has ended. @param transport its own, or what shows the same */
  add(transport: object): void {
    const { bytesIn = 0, bytesOut = 0 } = transport as Partial<Passed>
    this.bytesIn += bytesIn
    this.bytesOut += bytesOut
  }
}
