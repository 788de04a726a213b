/**
 * What a host knows of a plug-in, wherever it runs: bytes go both ways through a gateway, and there is an end.
 */
import { Gateway } from 'whorl'
import type { GatewayReactor } from 'whorl'

/** What runs a plug-in, and what it may do. */
export interface PlugInOptions {
  /** A classic script. It finds `whorl`, `reactor` and `say(text)`, and nothing else of the host's. */
  readonly source: string
  /** What it may reach is what this may: `reactor.restrict({ connect: ['tcp:127.0.0.1:8007'] })`. */
  readonly reactor: GatewayReactor
  /** So long may one turn of it take, ms; then it is stopped. */
  readonly patience: number
  /** What it says. Text, and nobody knows what it says: do not trust it. */
  said(text: string): void
}

/** A plug-in that runs. */
export interface PlugIn {
  /** Settles when it has ended: why it was stopped. Never rejects. */
  readonly ended: Promise<string>
  stop(why?: string): void
}

/** The gateway of a plug-in: it ends with it, and the plug-in with the gateway. */
export function gatewayFor(
  { reactor }: PlugInOptions, send: (batch: Uint8Array<ArrayBuffer>) => void, stop: (why: string) => void): Gateway {
  return new Gateway(reactor, {
    send,
    failed: (error) => stop(`it broke the rules: ${error.message}`),
    limits: { handles: 16 },
  })
}

/** Beside the published files, wherever they are. */
export function published(name: string): URL {
  return new URL(name, import.meta.resolve('whorl/none'))
}
