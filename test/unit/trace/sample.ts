/** A trace with something of everything, written by hand: what tests of traces read, print, draw and export. */
import { createCore } from '../../../src/core/index.js'
import { ENDINGS, LOSSES } from '../../../src/testing/trace/format.js'
import { TraceWriter } from '../../../src/testing/trace/writer.js'
import type { TraceWriterOptions } from '../../../src/testing/trace/writer.js'

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

export const lossOf = (why: string): number => LOSSES.indexOf(why)
export const endingOf = (why: string): number => ENDINGS.indexOf(why)

export function makeWriter(options: Partial<TraceWriterOptions> = {}): TraceWriter {
  return new TraceWriter(createCore().digest(), { keepBytes: 64 << 20, seed: 42, ...options })
}

const REQUEST = ascii('GET /hello HTTP/1.1\r\nHost: server\r\n\r\n')
export const BODY = 'Hello, <world> & all! '.repeat(200)
const RESPONSE = ascii(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`)

/** Two hosts talk HTTP over TCP, one piece of the answer is lost and sent again; then everything else happens. */
export function writeSample(trace: TraceWriter): void {
  trace.host(1, 'client', '10.0.0.1', 'fd00::1')
  trace.up(1, 1)
  trace.host(2, 'server', '10.0.0.2', 'fd00::2')
  trace.up(2, 1)
  writeHTTP(trace)
  writeRest(trace)
}

function writeHTTP(trace: TraceWriter): void {
  trace.begin(1)
  trace.connect(1, 1, 2, '10.0.0.1', 49152, '10.0.0.2', 80, 'tcp')
  trace.begin(2.5)
  trace.connected(1)
  trace.sent(1, 0, 0, REQUEST)
  trace.begin(3.125)
  trace.accepted(1)
  trace.delivered(1, 0, 0, 11)
  trace.begin(3.25)
  trace.delivered(1, 0, 11, REQUEST.length - 11)
  trace.sent(1, 1, 0, RESPONSE)
  trace.begin(4)
  trace.delivered(1, 1, 0, 1000)
  trace.lost(1, 1, 1000, 1460, lossOf('chance'))
  trace.begin(204)
  trace.resent(1, 1, 1000, 1460)
  trace.begin(205)
  trace.delivered(1, 1, 1000, 1460)
  trace.delivered(1, 1, 2460, RESPONSE.length - 2460)
  trace.fin(1, 0, false)
  trace.begin(206)
  trace.fin(1, 0, true)
  trace.fin(1, 1, false)
  trace.ended(1, 1, endingOf('orderly'))
  trace.begin(207)
  trace.fin(1, 1, true)
  trace.ended(1, 0, endingOf('orderly'))
}

function writeRest(trace: TraceWriter): void {
  trace.begin(1000)
  trace.timer(2)
  trace.connect(2, 1, 2, 'fd00::1', 49153, 'fd00::2', 81, 'tcp')
  trace.begin(1001)
  trace.refused(2, lossOf('nobody there'))
  trace.connect(3, 2, 2, '', 0, '/run/app.sock', 0, 'unix')
  trace.connected(3)
  trace.accepted(3)
  trace.sent(3, 0, 0, ascii('hello\n'))
  trace.begin(1001.5)
  trace.delivered(3, 0, 0, 6)
  trace.datagramSent(1, 1, 7777, '239.1.2.3', 7777, ascii('who?'))
  trace.begin(1002)
  trace.datagramDelivered(1, 2)
  trace.datagramSent(2, 2, 5000, 'fd00::1', 6000, ascii('x'))
  trace.datagramLost(2, lossOf('partition'))
  trace.fault('partition client | server')
  trace.log(2, 'warn', 'slow & <b>odd</b>\nsecond line')
  trace.log(0, 'info', 'from nobody')
  trace.unhandled(1, 'Error: nobody looked')
  trace.note('half of it')
  trace.begin(90_000_000)
  trace.crash(2)
  trace.up(2, 2)
  trace.connect(4, 1, 2, '10.0.0.1', 49154, '10.0.0.2', 80, 'tcp')
  trace.lost(4, 0, 0, 0, lossOf('host down'))
  trace.begin(90_000_001)
  trace.connected(4)
  trace.accepted(4)
  trace.sent(4, 0, 0, ascii('\x00\xff'))
  trace.rst(4, 1, false)
  trace.begin(90_000_002)
  trace.rst(4, 1, true)
  trace.ended(4, 0, endingOf('reset'))
  trace.ended(4, 1, endingOf('crashed'))
}
