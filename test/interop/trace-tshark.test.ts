/**
 * Exported traces as tshark sees them: it finds nothing to complain about, and puts together what programs had sent.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import { Agent, serve } from '../../src/http/index.js'
import { Simulation } from '../../src/testing/simulation/simulation.js'
import { traceToPcapng, TraceReader } from '../../src/testing/trace/index.js'
import type { TraceFilter } from '../../src/testing/trace/index.js'
import type { TraceWriter } from '../../src/testing/trace/writer.js'
import { ascii, BODY, endingOf, lossOf, makeWriter, writeSample } from '../unit/trace/sample.js'
import { describeWith, Program, tshark } from './programs.js'

const folder = mkdtempSync(join(tmpdir(), 'whorl-trace-'))

afterEach(() => Program.killAll())
afterAll(() => rmSync(folder, { recursive: true }))

/** Whatever can be checked is. */
const STRICT = [
  '-o', 'ip.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE',
  '-o', 'tcp.desegment_tcp_streams:TRUE', '-o', 'tcp.analyze_sequence_numbers:TRUE', '-n',
]
/** Packets that are wrong in one way or another. */
const WRONG = '_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || ' +
  'tcp.analysis.ack_lost_segment || tcp.analysis.lost_segment || tcp.analysis.window_full || ' +
  'tcp.analysis.spurious_retransmission || ' +
  '_ws.expert.severity == error'

function write(name: string, fill: (trace: TraceWriter) => void, filter?: TraceFilter): string {
  const trace = makeWriter()
  fill(trace)
  const path = join(folder, `${name}.pcapng`)
  writeFileSync(path, traceToPcapng(new TraceReader(trace.bytes()), filter))
  return path
}

/** Six connections at once, in pieces of any size, of which every fifth is lost and comes again. */
function writeMany(trace: TraceWriter): Map<number, [Uint8Array, Uint8Array]> {
  let state = 7
  const below = (n: number): number => {
    state = Math.imul(state, 1103515245) + 12345 >>> 0
    return Math.floor(state / 0x1_0000_0000 * n)
  }
  const streams = new Map<number, [Uint8Array, Uint8Array]>()
  for (const id of [1, 2, 3]) trace.host(id, `host-${id}`, `10.0.0.${id}`, `fd00::${id}`)
  for (let conn = 1; conn <= 6; conn++) {
    const data = [0, 1].map(() => Uint8Array.from({ length: below(9000) }, () => below(256)))
    const [from, to] = conn % 2 === 0 ? ['10.0.0.1', '10.0.0.2'] : ['fd00::1', 'fd00::2']
    streams.set(conn, data as [Uint8Array, Uint8Array])
    trace.begin(conn)
    trace.connect(conn, 1, 2, from, 40_000 + conn, to, 9_999, 'tcp')
    trace.accepted(conn)
    for (const way of [0, 1] as const) trace.sent(conn, way, 0, data[way]!)
  }
  const at = new Map<string, number>()
  for (let time = 20; at.size < 12 || [...at.values()].some((one) => one >= 0); time++) {
    trace.begin(time)
    const conn = 1 + below(6)
    const way = below(2) as 0 | 1
    const offset = at.get(`${conn} ${way}`) ?? 0
    const left = streams.get(conn)![way].length - offset
    if (offset < 0) continue
    if (left === 0) {
      trace.fin(conn, way, false)
      trace.fin(conn, way, true)
      trace.ended(conn, way, endingOf('orderly'))
      at.set(`${conn} ${way}`, -1)
      continue
    }
    const length = 1 + below(Math.min(left, 3000))
    if (below(5) === 0) trace.lost(conn, way, offset, length, lossOf('chance'))
    trace.delivered(conn, way, offset, length)
    at.set(`${conn} ${way}`, offset + length)
  }
  return streams
}

describeWith(tshark(), 'tshark', (command) => {
  async function run(path: string, ...args: string[]): Promise<string> {
    const program = new Program(command, ['-r', path, ...STRICT, ...args])
    expect(await program.ended, program.errorText).toMatchObject({ status: 0 })
    // That it was started by root is all that it may say there.
    expect(program.errorText.replace(/^Running as user "root".*\n/m, '')).toBe('')
    return program.text
  }

  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

  it('reads it, and finds nothing wrong', async () => {
    const path = write('sample', writeSample)
    expect(lines(await run(path)).length).toBeGreaterThan(30)
    expect(await run(path, '-Y', WRONG)).toBe('')
  }, 60_000)

  it('puts HTTP together, and sees what was sent again', async () => {
    const path = write('http', writeSample, { connections: [1] })
    const http = await run(path, '-Y', 'http', '-T', 'fields', '-e', 'http.request.uri', '-e', 'http.response.code',
      '-e', 'http.file_data')
    expect(lines(http).map((line) => line.trim().slice(0, 30))).toEqual(['/hello', `200\t${BODY}`.slice(0, 30)])
    expect(http.trim().endsWith(BODY.trim().slice(-40))).toBe(true)
    const again = await run(path, '-Y', 'tcp.analysis.retransmission', '-T', 'fields', '-e', 'tcp.len')
    expect(lines(again)).toEqual(['1460'])
    const lost = await run(path, '-Y', 'frame.comment', '-T', 'fields', '-e', 'frame.comment',
      '-e', 'frame.interface_name')
    expect(lines(lost)).toEqual(['lost: chance\tserver'])
  }, 60_000)

  it('shows handshakes, ends, resets, datagrams and UNIX sockets, each at its time', async () => {
    const path = write('rest', writeSample)
    const fields = ['frame.time_epoch', 'ip.dst', 'ipv6.dst', 'tcp.flags', 'udp.dstport', 'frame.comment', 'frame.len']
    const text = await run(path, '-T', 'fields', '-E', 'separator=|', ...fields.flatMap((name) => ['-e', name]))
    const seen = lines(text).map((line) => line.split('|'))
    const epoch = Date.UTC(2000, 0, 1) / 1000
    expect(Number(seen[0]![0])).toBeCloseTo(epoch + 0.001, 6)
    expect(Number(seen.at(-1)![0])).toBeCloseTo(epoch + 90_000.002, 6)
    const flags = seen.map(([, , , one]) => Number(one))
    expect(flags.slice(0, 3)).toEqual([0x02, 0x12, 0x10])
    expect(flags.filter((one) => one === 0x11).length).toBe(2)
    expect(flags.filter((one) => one === 0x14).length).toBe(2)
    expect(seen.some(([, ip, , , udp]) => ip === '239.1.2.3' && udp === '7777')).toBe(true)
    expect(seen.filter(([, , ip6, , udp]) => ip6 === 'fd00::1' && udp === '6000').map((one) => one[5]))
      .toEqual(['lost: partition'])
    expect(seen.filter((one) => one[5] === 'UNIX socket /run/app.sock').length).toBe(1)
  }, 60_000)

  it('gets every byte of many connections, in order, although pieces were lost', async () => {
    let streams = new Map<number, [Uint8Array, Uint8Array]>()
    const path = write('many', (trace) => (streams = writeMany(trace)))
    expect(await run(path, '-Y', WRONG)).toBe('')
    const follow = [...streams.keys()].flatMap((_, i) => ['-z', `follow,tcp,raw,${i}`])
    const text = await run(path, '-q', ...follow)
    const parts = text.split(/^=+\nFollow: tcp,raw\n/m).slice(1)
    expect(parts.length).toBe(streams.size)
    for (const part of parts) {
      const conn = Number(/^Node 0: .*:4000(\d)$/m.exec(part)?.[1])
      // What comes back is indented.
      const hex = part.split('\n').filter((line) => /^\t?[0-9a-f]+$/.test(line))
      const [there, back] = [hex.filter((line) => line[0] !== '\t'), hex.filter((line) => line[0] === '\t')]
      const got = [there, back].map((some) => Buffer.from(some.map((line) => line.trim()).join(''), 'hex'))
      expect(got.map((data, way) => data.equals(streams.get(conn)![way as 0 | 1]))).toEqual([true, true])
    }
  }, 60_000)

  it('sees what whorl says over HTTP on a simulated network that loses a tenth', async () => {
    const simulation = new Simulation({ seed: 6, loss: 0.1, faults: null })
    simulation.host('server', ({ reactor }) => {
      void serve(reactor, 'tcp:80', (request) => `${request.path} ${'x'.repeat(20_000)}`)
    })
    simulation.host('client', async ({ reactor }) => {
      for (let i = 0; i < 5; i++) {
        const response = await new Agent(reactor).request('GET', `http://server/${i}`)
        await response.text()
      }
    })
    await simulation.run(60_000)
    const path = join(folder, 'real.pcapng')
    writeFileSync(path, traceToPcapng(new TraceReader(simulation.trace())))
    simulation.close()
    expect(await run(path, '-Y', WRONG)).toBe('')
    const answers = await run(path, '-Y', 'http.response', '-T', 'fields', '-e', 'http.response.code',
      '-e', 'http.file_data')
    expect(lines(answers).map((line) => line.slice(0, 8))).toEqual([0, 1, 2, 3, 4].map((i) => `200\t/${i} x`))
  }, 60_000)

  it('opens a trace of which the beginning was dropped', async () => {
    const trace = makeWriter({ keepBytes: 70_000 })
    trace.host(1, 'a', '10.0.0.1', '')
    trace.host(2, 'b', '10.0.0.2', '')
    trace.connect(1, 1, 2, '10.0.0.1', 1025, '10.0.0.2', 9999, 'tcp')
    trace.accepted(1)
    for (let i = 0; i < 3000; i++) {
      trace.begin(1 + i)
      trace.sent(1, 0, i * 50, ascii('x'.repeat(50)))
      trace.delivered(1, 0, i * 50, 50)
    }
    const reader = new TraceReader(trace.bytes())
    expect(reader.head.dropped).toBeGreaterThan(0)
    const path = join(folder, 'dropped.pcapng')
    writeFileSync(path, traceToPcapng(reader))
    expect(await run(path, '-Y', WRONG)).toBe('')
    const lengths = new Set(lines(await run(path, '-T', 'fields', '-e', 'tcp.len', '-Y', 'tcp.len > 0')))
    expect([...lengths]).toEqual(['50'])
  }, 60_000)

  it('an end follows what was delivered, although what was sent is not in the trace any more', async () => {
    const trace = makeWriter({ keepBytes: 70_000 })
    trace.host(1, 'a', '10.0.0.1', '')
    trace.host(2, 'b', '10.0.0.2', '')
    trace.connect(1, 1, 2, '10.0.0.1', 1025, '10.0.0.2', 9999, 'tcp')
    trace.accepted(1)
    trace.sent(1, 0, 0, new Uint8Array(5_000))
    for (let i = 0; i < 4_000; i++) trace.note(`number ${i} ${'x'.repeat(40)}`)
    trace.delivered(1, 0, 1_000, 4_000)
    trace.fin(1, 0, false)
    trace.fin(1, 0, true)
    const path = join(folder, 'end.pcapng')
    writeFileSync(path, traceToPcapng(new TraceReader(trace.bytes())))
    const text = await run(path, '-Y', 'tcp.srcport == 1025', '-T', 'fields', '-e', 'tcp.seq', '-e', 'tcp.len', '-e',
      'tcp.flags.fin', '-e', 'frame.comment')
    // The first that there is has number 1.
    const gone = 'these bytes are not in the trace'
    expect(lines(text)).toEqual([
      `1\t1460\t0\t${gone}`, `1461\t1460\t0\t${gone}`, `2921\t1080\t0\t${gone}`, '4001\t0\t1\t',
    ])
  }, 60_000)

  it('losses are shown in the order of the stream, each once, whatever else is wanted', async () => {
    const fill = (trace: TraceWriter): void => {
      trace.host(1, 'a', '10.0.0.1', '')
      trace.host(2, 'b', '10.0.0.2', '')
      trace.connect(1, 1, 2, '10.0.0.1', 1025, '10.0.0.2', 9999, 'tcp')
      trace.accepted(1)
      trace.sent(1, 0, 0, new Uint8Array(300))
      trace.begin(1)
      trace.lost(1, 0, 100, 100, lossOf('chance'))
      trace.fin(1, 0, false)
      trace.lost(1, 0, 300, 0, lossOf('chance'))
      trace.begin(2)
      trace.delivered(1, 0, 0, 300)
      trace.begin(3)
      trace.fin(1, 0, true)
    }
    const fields = ['tcp.seq', 'tcp.len', 'tcp.flags.fin', 'frame.comment'].flatMap((name) => ['-e', name])
    const seen = async (path: string): Promise<string[]> => {
      return lines(await run(path, '-Y', 'tcp.srcport == 1025 && (tcp.len > 0 || tcp.flags.fin == 1)', '-T', 'fields',
        ...fields)).map((line) => line.trim().replace(/\t/g, ' '))
    }
    const lost = 'lost: chance, at 1.000 ms'
    expect(await run(write('held', fill), '-Y', WRONG)).toBe('')
    expect(await seen(write('held', fill))).toEqual(
      ['1 100 0', `101 100 0 ${lost}`, '101 100 0', '201 100 0', `301 0 1 ${lost}`, '301 0 1'])
    expect(await seen(write('held-only', fill, { kinds: ['lost'] }))).toEqual([`1 100 0 ${lost}`, `201 0 1 ${lost}`])
    expect(await seen(write('held-not', fill, { kinds: ['delivered'] }))).toEqual(['1 100 0', '101 200 0'])
  }, 60_000)
})
