/**
 * `delimiter` and `maxLength` that were changed outside `lineReceived` (during a pause, in `rawDataReceived`) were
 * taken over only when the next bytes came: what was delivered before that still followed the old ones.
 */
import { expect, it } from 'vitest'
import { LineReceiver, NetstringReceiver } from '../../src/protocols/index.js'
import { StringTransport } from '../../src/testing/string-transport.js'

class Lines extends LineReceiver {
  got: string[] = []
  override lineReceived(line: string): void {
    this.got.push(line)
    if (line === 'pause') this.pauseProducing()
    if (line === 'raw') this.setRawMode()
  }

  override rawDataReceived(data: Uint8Array): void {
    this.delimiter = ';'
    this.setLineMode(data)
  }
}

function connected<P extends LineReceiver | NetstringReceiver>(protocol: P): P {
  protocol.makeConnection(new StringTransport())
  return protocol
}

it('a delimiter changed during a pause holds from resumeProducing on', () => {
  const lines = connected(new Lines())
  lines.dataReceived(Buffer.from('pause\r\na;b\r\n;'))
  lines.delimiter = ';'
  lines.resumeProducing()
  expect(lines.got).toEqual(['pause', 'a', 'b\r\n'])
})

it('a delimiter changed in rawDataReceived holds for what is given back', () => {
  const lines = connected(new Lines())
  lines.dataReceived(Buffer.from('raw\r\na;b\r\n;'))
  expect(lines.got).toEqual(['raw', 'a', 'b\r\n'])
})

it('a delimiter changed before setLineMode from outside holds for its bytes', () => {
  const lines = connected(new Lines())
  lines.setRawMode()
  lines.delimiter = ';'
  lines.setLineMode(Buffer.from('a;b\r\n;'))
  expect(lines.got).toEqual(['a', 'b\r\n'])
})

it('a maxLength changed during a pause holds for netstrings that the pause kept', () => {
  const got: string[] = []
  const receiver = connected(new (class extends NetstringReceiver {
    override stringReceived(data: Uint8Array): void {
      got.push(String(data))
      if (got.length === 1) this.pauseProducing()
    }
  })())
  receiver.dataReceived(Buffer.from('1:a,2:bb,'))
  receiver.maxLength = 1
  receiver.resumeProducing()
  expect(got).toEqual(['97'])
  expect(receiver.transport.disconnecting).toBe(true)
})
