/**
 * What a relay says when it makes no tunnel.
 *
 * Owns: the class. Must not know: messages; docs/tunnel.md lists their numbers.
 */
import type { ErrorDetails, Fault } from './base.js'
import { ProxyError } from './proxy.js'

/** Why a relay refuses: its own affair; what it could not reach is a ConnectionRefusedError and its like. */
export type TunnelRefusal = 'not-allowed' | 'unauthenticated' | 'busy' | 'malformed' | 'unknown'

/** Details of a {@link TunnelRefusedError}. */
export interface TunnelRefusedDetails extends ErrorDetails {
  refusal?: TunnelRefusal
}

/** A relay refused to make a tunnel. */
export class TunnelRefusedError extends ProxyError {
  static override readonly code: string = 'ERR_TUNNEL_REFUSED'
  static override readonly fault: Fault = 'remote'

  /** Why. */
  readonly refusal: TunnelRefusal

  constructor(message = 'The relay refused to make a tunnel.', details?: TunnelRefusedDetails) {
    super(message, details)
    this.refusal = details?.refusal ?? 'unknown'
  }
}
