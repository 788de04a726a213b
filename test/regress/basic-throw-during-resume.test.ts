/**
 * A callback that threw during `resumeProducing` left the transport paused although the protocol was not: nothing
 * could come any more, and the connection hung.
 */
import { expect, it } from 'vitest'
import { LineReceiver } from '../../src/protocols/index.js'
import { StringTransport } from '../../src/testing/string-transport.js'

it('the transport reads on', () => {
  const got: string[] = []
  const lines = new (class extends LineReceiver {
    override lineReceived(line: string): void {
      got.push(line)
      if (line === 'pause') this.pauseProducing()
      if (line === 'throw') throw new Error('thrown')
    }
  })()
  const transport = new StringTransport()
  lines.makeConnection(transport)
  lines.dataReceived(Buffer.from('pause\r\nthrow\r\nrest\r\n'))
  expect(() => lines.resumeProducing()).toThrow('thrown')
  expect(transport.producerState).toBe('producing')
  lines.dataReceived(Buffer.from('more\r\n'))
  expect(got).toEqual(['pause', 'throw', 'rest', 'more'])
})
