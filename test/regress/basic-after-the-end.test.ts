/**
 * After `connectionLost`, `clearLineBuffer` and a changed `delimiter` or `maxLength` asked the core for a parser that
 * was freed, and threw CoreError.
 */
import { expect, it } from 'vitest'
import { Failure } from '../../src/defer/index.js'
import { ConnectionDone } from '../../src/errors/index.js'
import { LineReceiver } from '../../src/protocols/index.js'
import { StringTransport } from '../../src/testing/string-transport.js'

it('what is asked of a protocol after its end is harmless', () => {
  const got: string[] = []
  const lines = new (class extends LineReceiver {
    override lineReceived(line: string): void {
      got.push(line)
      this.connectionLost(new Failure(new ConnectionDone()))
      this.delimiter = ';'
    }
  })()
  lines.makeConnection(new StringTransport())
  lines.dataReceived(Buffer.from('last\r\nlater;'))
  lines.maxLength = 5
  lines.dataReceived(Buffer.from('more;'))
  lines.setLineMode(Buffer.from('x;'))
  lines.setRawMode()
  expect(lines.clearLineBuffer()).toHaveLength(0)
  expect(got).toEqual(['last'])
})
