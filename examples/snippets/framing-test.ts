/** Trying a protocol without a connection, as the framing guide shows it. */
import { StringTransport } from 'whorl/testing'
import { Store } from './framing-lines.js'

export function tryStore(): string {
  const store = new Store()
  const transport = new StringTransport()
  store.makeConnection(transport)
  for (const piece of ['set colour gre', 'en\r\nget colour\r', '\nquit\r\n']) {
    store.dataReceived(new TextEncoder().encode(piece))
  }
  return transport.disconnecting ? transport.text() : 'still open'
}
