/** Our end of the TLS interop tests: echo and recording protocols, and the certificates of test/vectors/tls. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ClientFactory, Protocol } from 'whorl'
import type { Failure, IProtocol } from 'whorl'
import { root } from './programs.js'
import type { Peer } from './programs.js'

export const VECTORS = `${root}test/vectors/tls/`

export function vector(name: string): string {
  return readFileSync(VECTORS + name, 'utf8')
}

export function identity(name: string): { cert: string, key: string } {
  return { cert: vector(`${name}.pem`), key: vector(`${name}.key`) }
}

/** The program; LibreSSL's, which has the same name, has other options. */
export function openssl(): Peer {
  const tried = spawnSync('openssl', ['version'], { encoding: 'utf8' })
  const command = tried.error === undefined && /^OpenSSL [3-9]/.test(tried.stdout) ? 'openssl' : null
  return { name: 'OpenSSL 3', package: 'openssl', command }
}

/** Echoes, and remembers what became of it. */
export class Echo extends Protocol {
  received = ''
  reason: Failure | null = null
  onEvent: () => void = () => undefined

  override connectionMade(): void {
    this.onEvent()
  }

  override dataReceived(data: Uint8Array): void {
    this.received += new TextDecoder().decode(data)
    this.transport.write(data)
    this.onEvent()
  }

  override connectionLost(reason: Failure): void {
    this.reason = reason
    this.onEvent()
  }
}

/** Records, and writes only what it is told to. */
export class Talker extends Echo {
  override dataReceived(data: Uint8Array): void {
    this.received += new TextDecoder().decode(data)
    this.onEvent()
  }
}

/** Makes protocols, keeps them, and waits for what becomes of them. */
export class Watching<P extends Echo> extends ClientFactory {
  readonly made: P[] = []
  failure: Failure | null = null
  readonly #make: () => P
  #waiting: (() => void)[] = []

  constructor(make: () => P) {
    super()
    this.#make = make
  }

  override buildProtocol(): IProtocol {
    const protocol = this.#make()
    protocol.onEvent = () => this.#wake()
    this.made.push(protocol)
    return protocol
  }

  override clientConnectionFailed(_connector: unknown, reason: Failure): void {
    this.failure = reason
    this.#wake()
  }

  /** Waits until it holds; asked again whenever something happened. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
