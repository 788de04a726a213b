/**
 * A protocol object that was given a second connection after its first had ended stayed deaf: its parser was freed at
 * the end of the first, and never made again.
 */
import { expect, it } from 'vitest'
import { defaultCore } from '../../src/core/index.js'
import { Failure } from '../../src/defer/index.js'
import { ConnectionDone } from '../../src/errors/index.js'
import { LineReceiver } from '../../src/protocols/index.js'
import { StringTransport } from '../../src/testing/string-transport.js'

it('a second connection begins anew', () => {
  const got: string[] = []
  const lines = new (class extends LineReceiver {
    override lineReceived(line: string): void {
      got.push(line)
      if (line === 'close') this.transport.loseConnection()
    }
  })()
  const { parsers } = defaultCore().memoryUsage()
  for (const stream of ['a\r\nhalf', 'b\r\nclose\r\nhalf', 'c\r\n']) {
    lines.makeConnection(new StringTransport())
    lines.dataReceived(Buffer.from(stream))
    lines.connectionLost(new Failure(new ConnectionDone()))
  }
  expect(got).toEqual(['a', 'b', 'close', 'c'])
  expect(defaultCore().memoryUsage().parsers).toBe(parsers)
})
