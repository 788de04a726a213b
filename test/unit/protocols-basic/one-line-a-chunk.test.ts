/**
 * Chunks that are one line each: the protocol asks its transport less often there than elsewhere, and every promise
 * about closing, TLS and settings must hold all the same.
 */
import { describe, expect, it } from 'vitest'
import { LineReceiver } from '../../../src/protocols/index.js'
import { StringTransport } from '../../../src/testing/index.js'
import type { TLSSession } from '../../../src/interfaces/index.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

class Lines extends LineReceiver {
  readonly lines: string[] = []
  on: Record<string, () => void> = {}

  override lineReceived(line: string): void {
    this.lines.push(line)
    this.on[line]?.()
  }
}

function connected(): { protocol: Lines, transport: StringTransport, receive: (...chunks: string[]) => void } {
  const protocol = new Lines()
  const transport = new StringTransport()
  protocol.makeConnection(transport)
  // The first chunk makes the parser, and goes another way than those behind it.
  protocol.dataReceived(bytes('first\r\n'))
  return { protocol, transport, receive: (...chunks) => chunks.forEach((one) => protocol.dataReceived(bytes(one))) }
}

function session(): TLSSession {
  return {} as TLSSession
}

describe('one line a chunk', () => {
  it('N21 TLS that begins in such a line spoils nothing that comes later, in one line or in many', () => {
    const { protocol, transport, receive } = connected()
    protocol.on.STARTTLS = () => transport.startTLS({})
    receive('STARTTLS\r\n')
    transport.tlsSession = session()
    receive('a\r\n', 'b\r\nc\r\nd', 'e\r\n')
    expect(transport.aborted).toBe(false)
    expect(protocol.lines).toEqual(['first', 'STARTTLS', 'a', 'b', 'c', 'de'])
  })

  it('N21 a line behind the command, received from inside of its callback, aborts the connection', () => {
    const { protocol, transport, receive } = connected()
    protocol.on.STARTTLS = () => {
      protocol.dataReceived(bytes('plain\r\n'))
      transport.startTLS({})
    }
    receive('STARTTLS\r\n')
    expect([transport.aborted, protocol.lines]).toEqual([true, ['first', 'STARTTLS']])
  })

  it('N21 half a line from before TLS is never the beginning of one from behind it', () => {
    const { protocol, transport, receive } = connected()
    receive('one\r\n', 'half')
    transport.startTLS({})
    receive('other\r\n')
    expect([transport.aborted, protocol.lines]).toEqual([true, ['first', 'one']])
  })

  it('N21 half a line from inside of TLS survives until TLS begins inside of it again', () => {
    const { protocol, transport, receive } = connected()
    protocol.on.STARTTLS = () => transport.startTLS({})
    receive('STARTTLS\r\n')
    transport.tlsSession = session()
    receive('in\r\n', 'ha', 'lf\r\n', 'ha')
    expect([transport.aborted, protocol.lines]).toEqual([false, ['first', 'STARTTLS', 'in', 'half']])
    transport.tlsSession = session()
    receive('lf\r\n')
    expect([transport.aborted, protocol.lines]).toEqual([true, ['first', 'STARTTLS', 'in', 'half']])
  })

  it('N21 bytes put back by setLineMode before TLS begins in the same callback abort the connection', () => {
    const { protocol, transport, receive } = connected()
    protocol.on.STARTTLS = () => {
      protocol.setLineMode(bytes('extra\r\n'))
      transport.startTLS({})
    }
    receive('STARTTLS\r\n')
    expect([transport.aborted, protocol.lines]).toEqual([true, ['first', 'STARTTLS']])
  })

  it('N21 lines that were kept by a pause inside of TLS are delivered, though TLS began in a line by itself', () => {
    const { protocol, transport, receive } = connected()
    protocol.on.STARTTLS = () => transport.startTLS({})
    protocol.on.pause = () => protocol.pauseProducing()
    receive('STARTTLS\r\n')
    transport.tlsSession = session()
    receive('pause\r\n', 'kept\r\n')
    expect(protocol.lines).toEqual(['first', 'STARTTLS', 'pause'])
    protocol.resumeProducing()
    expect([transport.aborted, protocol.lines]).toEqual([false, ['first', 'STARTTLS', 'pause', 'kept']])
  })

  it('B09 closing in such a line stops what was received inside of its callback, and all that comes later', () => {
    const { protocol, transport, receive } = connected()
    protocol.on.quit = () => {
      protocol.dataReceived(bytes('behind\r\n'))
      transport.loseConnection()
    }
    receive('quit\r\n', 'later\r\n')
    expect(protocol.lines).toEqual(['first', 'quit'])
  })

  it('B12 a chunk received inside of such a callback waits for its end', () => {
    const { protocol, receive } = connected()
    const seen: number[] = []
    protocol.on.outer = () => {
      receive('inner\r\n')
      seen.push(protocol.lines.length)
    }
    receive('outer\r\n')
    expect([seen, protocol.lines]).toEqual([[2], ['first', 'outer', 'inner']])
  })

  it('B15 a delimiter set in such a line holds for what came inside of its callback, and for what follows', () => {
    const { protocol, receive } = connected()
    protocol.on.change = () => {
      receive('x\r\ny;')
      protocol.delimiter = ';'
    }
    receive('change\r\n', 'z;')
    expect(protocol.lines).toEqual(['first', 'change', 'x\r\ny', 'z'])
  })

  it('B14 a callback that throws loses nothing that was received inside of it', () => {
    const { protocol, receive } = connected()
    protocol.on.bad = () => {
      receive('kept\r\n')
      throw new Error('boom')
    }
    expect(() => receive('bad\r\n')).toThrow('boom')
    receive('next\r\n')
    expect(protocol.lines).toEqual(['first', 'bad', 'kept', 'next'])
  })
})
