/**
 * Types of what browsers have and TypeScript's DOM library lacks.
 *
 * Owns: just what is used. Source: the WebSocketStream proposal (WICG/websocketstream), as Chromium has it.
 */

/** A WebSocket as two streams, which are slowed as streams are. */
export interface WebSocketStreamLike {
  readonly url: string
  readonly opened: Promise<{
    readonly readable: ReadableStream<Uint8Array | ArrayBuffer | string>
    readonly writable: WritableStream<Uint8Array | ArrayBuffer | string>
    readonly protocol: string
  }>
  readonly closed: Promise<{ readonly closeCode?: number, readonly reason?: string }>
  close(info?: { closeCode?: number, reason?: string }): void
}

/** Makes one. */
export type WebSocketStreamClass =
  new (url: string, options?: { protocols?: string[], signal?: AbortSignal }) => WebSocketStreamLike

/** Where there is one. */
export function webSocketStreamClass(): WebSocketStreamClass | null {
  return (globalThis as { WebSocketStream?: WebSocketStreamClass }).WebSocketStream ?? null
}
