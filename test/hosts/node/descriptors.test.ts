/**
 * Sockets that a process is started with.
 */
import type { StdioOptions } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { build } from '../../../scripts/build.mjs'
import { reactors, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { GOOD, killAll, Run } from './programs/run.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

beforeAll(async () => {
  await build()
}, 120_000)

afterEach(killAll)

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whorl-descriptors-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('adopted descriptors on Node', () => {
  const servers: Server[] = []
  const sockets: Socket[] = []

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
    for (const server of servers.splice(0)) server.close()
  })

  /** A listening socket that a child can inherit. */
  async function bound(where: object): Promise<{ server: Server, fd: number }> {
    const server = createServer()
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(where, resolve))
    return { server, fd: (server as unknown as { _handle: { fd: number } })._handle.fd }
  }

  async function answer(where: object, question: string): Promise<string> {
    const socket = connect(where as never)
    sockets.push(socket)
    let answered = ''
    socket.on('data', (data) => (answered += data.toString()))
    socket.write(question)
    while (answered.length < question.length) await new Promise((resolve) => setImmediate(resolve))
    return answered
  }

  it.each(['IPv4', 'UNIX'] as const)('a child takes connections from a socket that it inherits as 3: %s', async (family) => {
    const { server, fd } = await bound(family === 'UNIX' ? { path: join(folder, 's') } : { host: '127.0.0.1', port: 0 })
    const run = Run.peer(['port', family], ['pipe', 'ignore', 'pipe', fd])
    await run.says(/^listens on/)
    const where = family === 'UNIX' ? { path: join(folder, 's') } : { port: (server.address() as AddressInfo).port }
    // Node has no way to ask a UNIX socket for its path.
    expect(run.said[0]).toContain(family === 'UNIX' ? '"path":null' : JSON.stringify(Object.values(where)[0]))
    // This process does not take any.
    ;(server as unknown as { _handle: { close: () => void } })._handle.close()
    if (family === 'IPv4') expect(await answer({ ...where, host: '127.0.0.1' }, 'adopted?')).toBe('adopted?')
    run.child.stdin?.end()
    for (const socket of sockets.splice(0)) socket.destroy()
    expect(await run.ended).toEqual(GOOD)
    expect(run.said.at(-1)).toBe('Cannot listen on descriptor 3: an adopted descriptor is closed with its port')
  })

  it('a family that it is not is refused', async () => {
    const { fd } = await bound({ host: '127.0.0.1', port: 0 })
    const run = Run.peer(['port', 'UNIX'], ['ignore', 'ignore', 'pipe', fd])
    expect(await run.ended).toEqual(GOOD)
    expect(run.said).toEqual(['Cannot listen on descriptor 3: this is a socket of the family IPv4, not UNIX'])
  })

  it('what is no socket, or is not there, is refused', async () => {
    const file = openSync(join(folder, 'file'), 'w')
    const runs = [file, 'ignore'].flatMap((three) => ['port', 'connection'].map((what) =>
      Run.peer([what, 'IPv4'], ['ignore', 'ignore', 'pipe', three] as StdioOptions)))
    closeSync(file)
    for (const run of runs) {
      expect(await run.ended).toEqual(GOOD)
      expect(run.said).toHaveLength(1)
      expect(run.said[0]).toMatch(/^Cannot listen on descriptor 3: descriptor 3 is no|^ConnectError: descriptor 3 is no connected socket/)
    }
  })

  it('a connected socket: read to its end, answered, closed', async () => {
    // Node's pipes to children are sockets.
    const run = Run.peer(['connection'], ['ignore', 'ignore', 'pipe', 'pipe'])
    const socket = run.child.stdio[3] as Socket
    let answered = ''
    socket.on('data', (data: Buffer) => (answered += data.toString()))
    socket.end('question')
    expect(await run.ended).toEqual(GOOD)
    expect(answered).toBe('got 8')
    expect(run.said).toEqual(['made UNIX UNIX', 'read lost', 'write lost', 'lost ConnectionDone after 8'])
  })

  it('wrong arguments are refused at once', () => {
    const reactor = newReactor()
    const factory = new TestFactory()
    expect(() => reactor.adoptStreamPort(-1, 'IPv4', factory)).toThrow(RangeError)
    expect(() => reactor.adoptStreamPort(3.5, 'IPv4', factory)).toThrow(RangeError)
    expect(() => reactor.adoptStreamPort(3, 'TCP' as never, factory)).toThrow(TypeError)
    expect(() => reactor.adoptStreamPort(3, 'IPv4', {} as never)).toThrow(TypeError)
    expect(() => reactor.adoptStreamConnection(-1, factory)).toThrow(RangeError)
    expect(() => reactor.adoptStreamConnection(987_654, factory)).toThrow('descriptor 987654 is no connected socket')
  })
})
