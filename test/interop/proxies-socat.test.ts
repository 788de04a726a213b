/**
 * socat as a client that reaches our server through proxies that are neither its nor ours, by HTTP CONNECT, SOCKS4 and
 * SOCKS4A; and PROXY headers that socat sends and receives as they are.
 */
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import {
  clientFromString, connectProtocol, createReactor, HAProxyClientEndpoint, Protocol, TCP4ClientEndpoint,
} from 'whorl'
import type { IPv4Address } from 'whorl'
import { describeWith, Program, root, socat, twistedPython } from './programs.js'
import { Folder, serve, startTinyproxy, tinyproxy } from './proxies.js'

const TEXT = `${Array.from({ length: 30_000 }, (_, i) => `line ${i}`).join('\n')}\nbye\n`
const folder = new Folder()

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  await Program.killAll()
  for (const cleanup of cleanups.splice(0)) await cleanup()
})
afterAll(() => folder.remove())

/** A reactor that the test stops. */
function reactor(): ReturnType<typeof createReactor> {
  const made = createReactor({ installSignalHandlers: false })
  const ran = made.run()
  cleanups.push(async () => {
    made.stop()
    await ran
  })
  return made
}

describeWith(socat(), 'socat through a proxy', (command) => {
  const connect = (address: string): Program => new Program(command, ['-d', '-d', '-t', '20', '-', address])

  /** Has a text sent back, and ends. @returns socat's own port */
  async function talk(address: string): Promise<number> {
    const client = connect(address)
    client.type(TEXT)
    await client.prints(/^bye\n/m)
    expect(client.text).toBe(TEXT)
    client.child.stdin.end()
    expect(await client.ended).toEqual({ status: 0, signal: null })
    return Number(/connected from local address AF=2 127\.0\.0\.1:(\d+)/.exec(client.errorText)![1])
  }

  async function refused(address: string): Promise<string> {
    const client = connect(address)
    expect(await client.ended).toEqual({ status: 1, signal: null })
    expect(client.text).toBe('')
    return client.errorText
  }

  describeWith(tinyproxy(), 'HTTP CONNECT', (tiny) => {
    it('of tinyproxy', async () => {
      const { port, seen } = await serve(reactor(), 'tcp:0:interface=127.0.0.1')
      const proxy = await startTinyproxy(tiny, folder, [])
      const own = await talk(`PROXY:127.0.0.1:127.0.0.1:${port},proxyport=${proxy}`)
      expect(seen).toMatchObject([{ peer: { family: 'IPv4', host: '127.0.0.1' }, host: { host: '127.0.0.1', port } }])
      expect((seen[0]!.peer as IPv4Address).port).not.toBe(own)
    })

    it('of tinyproxy, which asks who one is', async () => {
      const { port, seen } = await serve(reactor(), 'tcp:0:interface=127.0.0.1')
      const proxy = await startTinyproxy(tiny, folder, ['BasicAuth me secret'])
      const address = `PROXY:127.0.0.1:127.0.0.1:${port},proxyport=${proxy}`
      // Which status, and so which words, depends on the version of tinyproxy.
      expect(await refused(address)).toContain(`E CONNECT 127.0.0.1:${port}: `)
      expect(await refused(`${address},proxyauth=me:wrong`)).toContain(`E CONNECT 127.0.0.1:${port}: `)
      expect(seen).toEqual([])
      await talk(`${address},proxyauth=me:secret`)
      expect(seen).toHaveLength(1)
    })

    it('with a PROXY header of its own: our server believes it', async () => {
      const { port, seen } = await serve(reactor(), 'haproxy:tcp:0:interface=127.0.0.1')
      const proxy = await startTinyproxy(tiny, folder, [])
      const client = connect(`PROXY:127.0.0.1:127.0.0.1:${port},proxyport=${proxy}`)
      client.type('PROXY TCP4 203.0.113.7 198.51.100.1 1234 80\r\nbye\n')
      await client.prints(/^bye\n/m)
      expect(client.text).toBe('bye\n')
      expect(seen).toMatchObject([{
        peer: { family: 'IPv4', host: '203.0.113.7', port: 1234 }, host: { host: '198.51.100.1', port: 80 },
        header: { version: 1 },
      }])
    })
  })

  describeWith(twistedPython(), 'SOCKS', (python) => {
    interface Made {
      user: string
      to: [string, number]
      name: string | null
      client: number
      from: number
    }

    /** Twisted's proxy: its port, and the connections that it made. */
    async function proxy(): Promise<{ socks: number, program: Program, made: () => Made[] }> {
      const program = new Program(python, ['-B', `${root}test/interop/peers/twisted_socks4.py`])
      const [line] = await program.prints(/^\{"port": .*\}$/m)
      return {
        socks: (JSON.parse(line) as { port: number }).port,
        program,
        made: () => program.text.trim().split('\n').slice(1).map((one) => JSON.parse(one) as Made),
      }
    }

    it.each([
      ['SOCKS4', '127.0.0.1', null], ['SOCKS4A', 'server.example', 'server.example'],
    ])('%s of Twisted', async (kind, host, name) => {
      const { port, seen } = await serve(reactor(), 'tcp:0:interface=127.0.0.1')
      const { socks, program, made } = await proxy()
      const client = await talk(`${kind}:127.0.0.1:${host}:${port},socksport=${socks},socksuser=somebody`)
      await program.prints(/"from": \d+\}\n/)
      const [{ from }] = made() as [Made]
      expect(made()).toEqual([{ user: 'somebody', to: ['127.0.0.1', port], name, client, from }])
      // What our server takes for its peer is the proxy's end of the connection.
      expect(seen).toEqual([{
        peer: { family: 'IPv4', type: 'TCP', host: '127.0.0.1', port: from },
        host: { family: 'IPv4', type: 'TCP', host: '127.0.0.1', port }, header: null,
      }])
    })

    it('refused: our server hears nothing of it', async () => {
      const { port, seen } = await serve(reactor(), 'tcp:0:interface=127.0.0.1')
      const { socks, made } = await proxy()
      const no = 'E socks: connect request rejected or failed'
      expect(await refused(`SOCKS4:127.0.0.1:127.0.0.1:${port},socksport=${socks},socksuser=nobody`)).toContain(no)
      expect(await refused(`SOCKS4A:127.0.0.1:unknown.example:${port},socksport=${socks},socksuser=me`)).toContain(no)
      expect([seen, made()]).toEqual([[], []])
    })
  })
})

describeWith(socat(), 'socat behind a PROXY header of ours', (command) => {
  /** Takes one connection, and prints what it receives. */
  async function receiver(): Promise<{ program: Program, port: number }> {
    const program = new Program(command, ['-d', '-d', '-u', 'TCP4-LISTEN:0,bind=127.0.0.1', 'STDOUT'])
    const line = /listening on AF=2 127\.0\.0\.1:(\d+)\n/
    await expect.poll(() => program.errorText, { timeout: 15_000 }).toMatch(line)
    return { program, port: Number(line.exec(program.errorText)![1]) }
  }

  it('version 1', async () => {
    const { program, port } = await receiver()
    const endpoint = clientFromString(reactor(), `haproxy:tcp:127.0.0.1:${port}:proxyVersion=1`)
    const client = await connectProtocol(endpoint, new Protocol())
    const own = client.transport.getHost() as IPv4Address
    client.transport.write('hello')
    client.transport.loseConnection()
    expect(await program.ended).toEqual({ status: 0, signal: null })
    expect(program.text).toBe(`PROXY TCP4 127.0.0.1 127.0.0.1 ${own.port} ${port}\r\nhello`)
  })

  it('version 2', async () => {
    const { program, port } = await receiver()
    const source = { family: 'IPv4', type: 'TCP', host: '203.0.113.7', port: 0x1234 } as const
    const destination = { family: 'IPv4', type: 'TCP', host: '198.51.100.1', port: 80 } as const
    const endpoint = new HAProxyClientEndpoint(new TCP4ClientEndpoint(reactor(), '127.0.0.1', port), {
      version: 2, source, destination,
    })
    const client = await connectProtocol(endpoint, new Protocol())
    client.transport.write('hello')
    client.transport.loseConnection()
    expect(await program.ended).toEqual({ status: 0, signal: null })
    expect(program.output.toString('hex')).toBe([
      '0d0a0d0a000d0a515549540a', '21', '11', '000c', 'cb007107', 'c6336401', '1234', '0050',
      Buffer.from('hello').toString('hex'),
    ].join(''))
  })
})
