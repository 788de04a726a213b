/**
 * `setRawMode()` and `setLineMode(extra)` in one `lineReceived`: `extra` was put behind the rest of the chunk but in
 * front of bytes that callbacks had added, so that the stream was in no sensible order.
 */
import { expect, it } from 'vitest'
import { LineReceiver } from '../../src/protocols/index.js'
import { StringTransport } from '../../src/testing/string-transport.js'

it('extra comes first of all that waits', () => {
  const got: string[] = []
  const lines = new (class extends LineReceiver {
    override lineReceived(line: string): void {
      got.push(line)
      if (line !== 'flip') return
      this.dataReceived(Buffer.from('added\r\n'))
      this.setRawMode()
      this.setLineMode(Buffer.from('extra\r\n'))
    }
  })()
  lines.makeConnection(new StringTransport())
  lines.dataReceived(Buffer.from('flip\r\nrest\r\n'))
  expect(got).toEqual(['flip', 'extra', 'rest', 'added'])
})
