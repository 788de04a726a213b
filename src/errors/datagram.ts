/**
 * Errors of datagram ports.
 *
 * Owns: what hosts refuse of multicast. Must not know: host error codes; the original is the `cause`.
 * Source: `twisted.internet.error.MulticastJoinError`.
 */
import { WhorlError } from './base.js'
import type { ErrorDetails, Fault } from './base.js'

/** A group could not be joined or left. */
export class MulticastError extends WhorlError {
  static override readonly code: string = 'ERR_DATAGRAM_MULTICAST'
  static override readonly fault: Fault = 'host'

  /** The address of the group; empty if it is not known. */
  readonly group: string
  /** The interface asked for; undefined for the host's choice. */
  readonly interface: string | undefined

  constructor(message = 'The host refused what was asked about a group.',
    details?: ErrorDetails & { group?: string, interface?: string }) {
    super(message, details)
    this.group = details?.group ?? ''
    this.interface = details?.interface
  }
}
