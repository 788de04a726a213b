/** PROXY, SOCKS5 and CONNECT with proxies that are not ours: HAProxy, microsocks, tinyproxy. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import {
  clientFromString, connectProtocol, createReactor, HAProxyClientEndpoint, HTTPConnectClientEndpoint, HTTPConnectError,
  Protocol, quoteStringArgument, SOCKS5ClientEndpoint, SOCKSAuthenticationError, SOCKSConnectionRefused,
  TCP4ClientEndpoint, TLSError, wrapClientTLS,
} from 'whorl'
import type { IAddress, IStreamClientEndpoint, IPv4Address } from 'whorl'
import { describeWith, Program } from './programs.js'
import { Folder, haproxy, microsocks, serve, start, startHAProxy, startTinyproxy, tinyproxy } from './proxies.js'
import type { Seen } from './proxies.js'

const folder = new Folder()
const vector = (name: string): string => fileURLToPath(new URL(`../vectors/tls/${name}`, import.meta.url))

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  await Program.killAll()
  for (const cleanup of cleanups.splice(0)) await cleanup()
})
afterAll(() => folder.remove())

/** A reactor that the test stops. */
function reactor() {
  const made = createReactor({ installSignalHandlers: false })
  const ran = made.run()
  cleanups.push(async () => {
    made.stop()
    await ran
  })
  return made
}

class Client extends Protocol {
  received = ''
  #wanted: { length: number, resolve: (text: string) => void } | null = null

  override dataReceived(data: Uint8Array): void {
    this.received += Buffer.from(data).toString('latin1')
    if (this.#wanted !== null && this.received.length >= this.#wanted.length) this.#wanted.resolve(this.received)
  }

  /** Sends, and waits for as much to come back. */
  exchange(text: string): Promise<string> {
    return new Promise((resolve) => {
      this.#wanted = { length: this.received.length + text.length, resolve }
      this.transport.write(text)
    })
  }
}

/** Connects, has something sent back, small and large, and closes. @returns this end of the connection */
async function talk(endpoint: IStreamClientEndpoint): Promise<IAddress> {
  const client = await connectProtocol(endpoint, new Client())
  const host = client.transport.getHost()
  expect(await client.exchange('hello')).toBe('hello')
  const large = 'x'.repeat(300_000)
  expect(await client.exchange(large)).toBe(`hello${large}`)
  client.transport.loseConnection()
  return host
}

/** The connection of that client; whoever tried whether the proxy answers is another. */
function of(seen: Seen[], client: IAddress): Seen {
  const found = seen.filter(({ peer }) => (peer as IPv4Address).port === (client as IPv4Address).port)
  expect(found).toHaveLength(1)
  return found[0]!
}

async function errorOf(endpoint: IStreamClientEndpoint): Promise<Error> {
  try {
    await connectProtocol(endpoint, new Client())
  } catch (error) {
    return error as Error
  }
  throw new Error('it connected')
}

const at = (port: number): string => quoteStringArgument(`tcp:127.0.0.1:${port}`)

describeWith(haproxy(), 'HAProxy in front', (command) => {
  it.each([['send-proxy', 1], ['send-proxy-v2', 2], ['send-proxy-v2 proxy-v2-options crc32c', 2]])(
    '%s: the server sees the client', async (option, version) => {
      const on = reactor()
      const { port, seen } = await serve(on, 'haproxy:tcp:0:interface=127.0.0.1')
      const front = await startHAProxy(command, folder, port, { server: option })
      const own = await talk(clientFromString(on, `tcp:127.0.0.1:${front}`))
      const { header, ...ends } = of(seen, own)
      expect(ends).toEqual({ peer: own, host: { family: 'IPv4', type: 'TCP', host: '127.0.0.1', port: front } })
      expect(header!.version).toBe(version)
      if (option.includes('crc32c')) expect(header!.tlvs.map((tlv) => tlv.type)).toContain(3)
    })

  it('what it took off the TLS of the client', async () => {
    const on = reactor()
    const { port, seen } = await serve(on, 'haproxy:tcp:0:interface=127.0.0.1')
    const pem = folder.write(readFileSync(vector('localhost.pem'), 'utf8') + readFileSync(vector('localhost.key'), 'utf8'))
    const front = await startHAProxy(command, folder, port, {
      bind: `ssl crt ${pem} alpn whorl/1,http/1.1`,
      server: 'send-proxy-v2 proxy-v2-options ssl,authority,crc32c',
    })
    const own = await talk(clientFromString(on,
      `tls:localhost:${front}:endpoint=${at(front)}:alpn=whorl/1:trustRoots=${quoteStringArgument(vector('ca.pem'))}`))
    expect(of(seen, own).header).toMatchObject({
      alpn: 'whorl/1', authority: 'localhost', ssl: { tls: true, certificateOnConnection: false, version: 'TLSv1.3' },
    })
  })

  it.each([[1, 'send-proxy'], [2, 'send-proxy-v2']] as const)(
    'both ways: it takes version %i from our client, and hands it on', async (version, option) => {
      const on = reactor()
      const { port, seen } = await serve(on, 'haproxy:tcp:0:interface=127.0.0.1')
      const front = await startHAProxy(command, folder, port, { bind: 'accept-proxy', server: option })
      const source = { family: 'IPv4', type: 'TCP', host: '203.0.113.7', port: 1234 } as const
      const destination = { family: 'IPv4', type: 'TCP', host: '198.51.100.1', port: 80 } as const
      const plain = new TCP4ClientEndpoint(on, '127.0.0.1', front)
      await talk(new HAProxyClientEndpoint(plain, {
        version, source, destination, ...version === 2 ? { checksum: true } : {},
      }))
      expect(seen).toMatchObject([{ peer: source, host: destination, header: { version } }])
      const six = { family: 'IPv6', type: 'TCP', host: '2001:db8::7', port: 1234 } as const
      await talk(new HAProxyClientEndpoint(plain, { version, source: six, destination: { ...six, port: 1 } }))
      expect(seen[1]).toMatchObject({ peer: six, host: { ...six, port: 1 } })
      const own = await talk(clientFromString(on, `haproxy:tcp:127.0.0.1:${front}:proxyVersion=${version}`))
      expect(seen[2]).toMatchObject({ peer: own, host: { port: front } })
    })

  it('TLS behind the header: from the client to our server', async () => {
    const on = reactor()
    const { port, seen } = await serve(on, `haproxy:tls:0:interface=127.0.0.1:privateKey=${
      quoteStringArgument(vector('localhost.key'))}:certificate=${quoteStringArgument(vector('localhost.pem'))}`)
    const front = await startHAProxy(command, folder, port, { server: 'send-proxy-v2' })
    const trust = `trustRoots=${quoteStringArgument(vector('ca.pem'))}`
    const own = await talk(clientFromString(on, `tls:localhost:443:endpoint=${at(front)}:${trust}`))
    expect(of(seen, own)).toMatchObject({ host: { port: front }, header: { version: 2 } })
    // Our own client, whose header and first record come in one piece as often as not.
    const direct = await talk(clientFromString(on, `haproxy:tls:localhost:443:endpoint=${at(port)}:${trust}`))
    expect(of(seen, direct)).toMatchObject({ host: { port }, header: { version: 2 } })
  })
})

describeWith(microsocks(), 'microsocks', (command) => {
  it('connects by address and by name', async () => {
    const on = reactor()
    const { port, seen } = await serve(on, 'tcp:0:interface=127.0.0.1')
    const proxy = await start(command, (free) => ['-i', '127.0.0.1', '-p', `${free}`])
    await talk(clientFromString(on, `socks5:127.0.0.1:${port}:proxy=${at(proxy)}`))
    await talk(clientFromString(on, `socks5:localhost:${port}:proxy=${at(proxy)}:username=not:password=needed`))
    expect(seen).toHaveLength(2)
  })

  it('says why it does not', async () => {
    const on = reactor()
    const proxy = await start(command, (free) => ['-i', '127.0.0.1', '-p', `${free}`])
    const { port } = await serve(on, 'tcp:0:interface=127.0.0.1')
    // Nothing listens on 127.0.0.2: the server is bound to one address.
    expect(await errorOf(clientFromString(on, `socks5:127.0.0.2:${port}:proxy=${at(proxy)}`)))
      .toBeInstanceOf(SOCKSConnectionRefused)
  })

  it('asks who one is', async () => {
    const on = reactor()
    const { port } = await serve(on, 'tcp:0:interface=127.0.0.1')
    const number = await start(command, (free) => ['-i', '127.0.0.1', '-p', `${free}`, '-u', 'me', '-P', 'se:cret'])
    const proxy = new TCP4ClientEndpoint(on, '127.0.0.1', number)
    await talk(new SOCKS5ClientEndpoint(proxy, '127.0.0.1', port, { username: 'me', password: 'se:cret' }))
    await talk(clientFromString(on, `socks5:127.0.0.1:${port}:proxy=${at(number)}:username=me:password=se\\:cret`))
    for (const auth of [{ username: 'me', password: 'wrong' }, null]) {
      expect(await errorOf(new SOCKS5ClientEndpoint(proxy, '127.0.0.1', port, auth)))
        .toBeInstanceOf(SOCKSAuthenticationError)
    }
  })

  it('TLS through it verifies the name of the server', async () => {
    const on = reactor()
    const { port } = await serve(on, `tls:0:interface=127.0.0.1:privateKey=${
      quoteStringArgument(vector('localhost.key'))}:certificate=${quoteStringArgument(vector('localhost.pem'))}`)
    const number = await start(command, (free) => ['-i', '127.0.0.1', '-p', `${free}`])
    const ca = readFileSync(vector('ca.pem'))
    const through = (serverName: string): IStreamClientEndpoint => wrapClientTLS({ ca, serverName },
      new SOCKS5ClientEndpoint(new TCP4ClientEndpoint(on, '127.0.0.1', number), '127.0.0.1', port))
    await talk(through('localhost'))
    expect(await errorOf(through('elsewhere.example'))).toBeInstanceOf(TLSError)
  })
})

describeWith(tinyproxy(), 'tinyproxy', (command) => {
  it('makes tunnels, for those it knows', async () => {
    const on = reactor()
    const { port } = await serve(on, 'tcp:0:interface=127.0.0.1')
    const number = await startTinyproxy(command, folder, ['BasicAuth me secret'])
    await talk(clientFromString(on, `connect:127.0.0.1:${port}:proxy=${at(number)}:username=me:password=secret`))
    for (const auth of [{ username: 'me', password: 'wrong' }, null]) {
      const error = await errorOf(
        new HTTPConnectClientEndpoint(new TCP4ClientEndpoint(on, '127.0.0.1', number), '127.0.0.1', port, auth))
      expect(error).toBeInstanceOf(HTTPConnectError)
      expect([401, 407]).toContain((error as HTTPConnectError).status)
    }
  })

  it('refuses with a status', async () => {
    const on = reactor()
    const { port } = await serve(on, 'tcp:0:interface=127.0.0.1')
    const number = await startTinyproxy(command, folder, ['ConnectPort 1'])
    const forbidden = await errorOf(clientFromString(on, `connect:127.0.0.1:${port}:proxy=${at(number)}`))
    expect(forbidden).toMatchObject({ name: 'HTTPConnectError', status: 403 })
    const refused = await errorOf(clientFromString(on, `connect:127.0.0.2:1:proxy=${at(number)}`))
    expect(refused).toBeInstanceOf(HTTPConnectError)
    expect((refused as HTTPConnectError).status).toBeGreaterThanOrEqual(500)
  })

  it('TLS through it', async () => {
    const on = reactor()
    const { port } = await serve(on, `tls:0:interface=127.0.0.1:privateKey=${
      quoteStringArgument(vector('localhost.key'))}:certificate=${quoteStringArgument(vector('localhost.pem'))}`)
    const number = await startTinyproxy(command, folder, [])
    const tunnel = quoteStringArgument(`connect:localhost:${port}:proxy=${at(number)}`)
    await talk(clientFromString(on,
      `tls:localhost:${port}:endpoint=${tunnel}:trustRoots=${quoteStringArgument(vector('ca.pem'))}`))
  })
})

describe('no proxy', () => {
  it('nobody there is what the endpoint of the proxy says', async () => {
    const on = reactor()
    const { port } = await serve(on, 'tcp:0:interface=127.0.0.1')
    for (const prefix of ['socks5', 'connect']) {
      const proxy = quoteStringArgument(`tcp:127.0.0.2:${port}`)
      expect((await errorOf(clientFromString(on, `${prefix}:example.com:80:proxy=${proxy}`))).name).toBe('ConnectionRefusedError')
    }
  })
})
