/**
 * After `loseConnection` outside a callback, `resumeProducing`, `setRawMode` and `setLineMode` still delivered one
 * message of what had been kept; and `pauseProducing` then asked a closing transport to pause.
 */
import { expect, it } from 'vitest'
import { LineReceiver } from '../../src/protocols/index.js'
import { StringTransport } from '../../src/testing/string-transport.js'

const REQUESTS: [string, (lines: LineReceiver) => void][] = [
  ['resumeProducing', (lines) => lines.resumeProducing()],
  ['setRawMode', (lines) => lines.setRawMode()],
  ['setLineMode', (lines) => lines.setLineMode(Buffer.from('x\r\n'))],
]

it.each(REQUESTS)('a closing connection delivers nothing, even by %s', (_, request) => {
  const got: string[] = []
  const lines = new (class extends LineReceiver {
    override lineReceived(line: string): void {
      got.push(line)
      if (line === 'pause') this.pauseProducing()
    }

    override rawDataReceived(data: Uint8Array): void {
      got.push(`raw ${data.length}`)
    }
  })()
  const transport = new StringTransport()
  lines.makeConnection(transport)
  lines.dataReceived(Buffer.from('pause\r\nb\r\nc'))
  transport.loseConnection()
  request(lines)
  expect(got).toEqual(['pause'])
})

it.each(REQUESTS.slice(1))('a closing connection delivers no unfinished line either, by %s', (_, request) => {
  const got: string[] = []
  const lines = new (class extends LineReceiver {
    override lineReceived = (line: string): void => void got.push(line)
    override rawDataReceived = (data: Uint8Array): void => void got.push(`raw ${data.length}`)
  })()
  const transport = new StringTransport()
  lines.makeConnection(transport)
  lines.dataReceived(Buffer.from('half'))
  transport.loseConnection()
  lines.pauseProducing()
  lines.resumeProducing()
  request(lines)
  expect(got).toEqual([])
})

// Found by the model with the seed 1925260186: what was handed in during the only line of a chunk came after the end.
it.each<[string, (lines: LineReceiver) => void]>([
  ['setLineMode out of raw mode', (lines) => {
    lines.setRawMode()
    lines.setLineMode(Buffer.from('b\r\n'))
  }],
  ['setLineMode', (lines) => lines.setLineMode(Buffer.from('b\r\n'))],
  ['dataReceived', (lines) => lines.dataReceived(Buffer.from('b\r\n'))],
])('a connection that the only line of a chunk closes delivers nothing that came by %s', (_, add) => {
  const got: string[] = []
  const lines = new (class extends LineReceiver {
    override lineReceived(line: string): void {
      got.push(line)
      add(this)
      this.transport.loseConnection()
    }
  })()
  lines.makeConnection(new StringTransport())
  // The first makes the parser, which the short way needs.
  lines.dataReceived(Buffer.from(''))
  lines.dataReceived(Buffer.from('a\r\n'))
  expect(got).toEqual(['a'])
})
