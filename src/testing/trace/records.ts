/**
 * The records of a trace as objects.
 *
 * Owns: their types, and what is known of hosts, connections and datagrams while reading. Must not know: bytes.
 */

/** A host. */
export interface TraceHost {
  readonly id: number
  readonly name: string
  readonly ipv4: string
  readonly ipv6: string
}

/** A connection, or an attempt to make one. */
export interface TraceConnection {
  readonly id: number
  readonly transport: 'tcp' | 'unix'
  /** The side that connects. */
  readonly from: TraceHost
  readonly fromAddress: string
  readonly fromPort: number
  /** The side that is connected to. */
  readonly to: TraceHost
  /** Of a UNIX socket: its path. */
  readonly toAddress: string
  readonly toPort: number
  /** What was sent, as far as it is in the file; `null` if a byte of it is not. @param direction 0: by `from` */
  bytes(direction: 0 | 1, offset: number, length: number): Uint8Array | null
}

/** A datagram. */
export interface TraceDatagram {
  readonly id: number
  readonly time: number
  readonly from: TraceHost
  readonly fromPort: number
  readonly toAddress: string
  readonly toPort: number
  readonly data: Uint8Array
}

interface Base {
  /** From 1; records that are not in the file count. 0: from the time before the first record that is. */
  readonly index: number
  /** ms since the simulation began. */
  readonly time: number
}

/** 0: from the side that connected to the other; 1: back. */
export type TraceDirection = 0 | 1

interface OfConnection extends Base {
  readonly connection: TraceConnection
}

/** A part of a stream. */
export interface TracePiece extends OfConnection {
  readonly direction: TraceDirection
  /** Of its first byte in what was sent in this direction. */
  readonly offset: number
  readonly length: number
}

/** One thing that happened. */
export type TraceRecord =
  | Base & { readonly kind: 'host'; readonly host: TraceHost }
  | Base & { readonly kind: 'up'; readonly host: TraceHost; readonly incarnation: number }
  | Base & { readonly kind: 'crash'; readonly host: TraceHost }
  | OfConnection & { readonly kind: 'connect' | 'connected' | 'accepted' }
  | OfConnection & { readonly kind: 'refused'; readonly why: string }
  | TracePiece & { readonly kind: 'sent'; readonly data: Uint8Array }
  | TracePiece & { readonly kind: 'resent' | 'delivered' }
  | TracePiece & { readonly kind: 'lost'; readonly why: string }
  | OfConnection & { readonly kind: 'fin' | 'rst'; readonly direction: TraceDirection; readonly isDelivered: boolean }
  | OfConnection & { readonly kind: 'ended'; readonly host: TraceHost; readonly side: 0 | 1; readonly why: string }
  | Base & { readonly kind: 'datagram-sent'; readonly datagram: TraceDatagram }
  | Base & { readonly kind: 'datagram-delivered'; readonly datagram: TraceDatagram; readonly host: TraceHost }
  | Base & { readonly kind: 'datagram-lost'; readonly datagram: TraceDatagram; readonly why: string }
  | Base & { readonly kind: 'timer'; readonly host: TraceHost }
  | Base & { readonly kind: 'log'; readonly host: TraceHost | null; readonly level: string; readonly text: string }
  | Base & { readonly kind: 'unhandled'; readonly host: TraceHost | null; readonly text: string }
  | Base & { readonly kind: 'fault' | 'note'; readonly text: string }

export type TraceKind = TraceRecord['kind']

/** All kinds, in the order of the table in docs/trace.md. */
export const TRACE_KINDS: readonly TraceKind[] = Object.freeze([
  'host', 'up', 'crash', 'connect', 'connected', 'accepted', 'refused', 'sent', 'resent', 'delivered', 'lost', 'fin',
  'rst', 'ended', 'datagram-sent', 'datagram-delivered', 'datagram-lost', 'timer', 'fault', 'log', 'unhandled', 'note',
])
