/** TLS that begins in the middle of a conversation, as the guide to TLS shows it. */
import { LineReceiver } from 'whorl'
import type { ITLSServerContext, TLSServerOptions } from 'whorl'

export class Mailbox extends LineReceiver {
  readonly #tls: TLSServerOptions | ITLSServerContext

  constructor(tls: TLSServerOptions | ITLSServerContext) {
    super()
    this.#tls = tls
  }

  override lineReceived(line: string): void {
    const isSecure = this.transport.tlsSession !== null
    if (line === 'STARTTLS' && !isSecure) {
      // Goes out in plain text, before the handshake.
      this.sendLine('220 go ahead')
      this.transport.startTLS(this.#tls)
    } else {
      this.sendLine(isSecure ? `250 ${line}` : '530 STARTTLS first')
    }
  }
}
