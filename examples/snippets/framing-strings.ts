/** Netstrings and prefixed strings, as the framing guide shows them. */
import { Int32StringReceiver, NetstringReceiver } from 'whorl'
import type { NetstringParseError } from 'whorl'

export class Reverser extends NetstringReceiver {
  override maxLength = 1000
  complaint: string | undefined

  override stringReceived(data: Uint8Array): void {
    this.sendString(data.slice().reverse())
  }

  override handleParseError(error: NetstringParseError): void {
    this.complaint = error.message
    super.handleParseError(error)
  }
}

export class Messages extends Int32StringReceiver {
  override maxLength = 1_000_000
  received: unknown[] = []

  override stringReceived(data: Uint8Array): void {
    this.received.push(JSON.parse(new TextDecoder().decode(data)))
  }

  send(message: unknown): void {
    this.sendString(JSON.stringify(message))
  }
}
