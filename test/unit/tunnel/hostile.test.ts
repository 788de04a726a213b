/** What a relay and a page make of messages that make no sense. */
import { afterEach, describe, expect, it } from 'vitest'
import { ConnectError, ConnectionLost, ProxyClosedError, ProxyReplyError } from 'whorl'
import { serve, Site } from 'whorl/http'
import { connectWebSocket, WebSocketProtocol, WebSocketServerFactory } from 'whorl/websocket'
import { openWebSocket, TUNNEL_SUBPROTOCOL, TunnelClientEndpoint } from '../../../src/tunnel/index.js'
import {
  creditFrame, dataFrame, endFrame, KIND, openedFrame, openFrame, readFrame, refusedFrame, resetFrame,
} from '../../../src/tunnel/wire.js'
import { Lab, Recorder, RELAY } from './lab.js'

let lab: Lab

afterEach(() => lab?.simulation.close())

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const open = (fields: Partial<Parameters<typeof openFrame>[0]> = {}): Uint8Array =>
  openFrame({ port: 7000, window: 100_000, host: text('host'), token: text(''), ...fields })

/** A client that sends what it is told to. */
class Raw extends WebSocketProtocol {
  readonly heard: Uint8Array[] = []
  isOver = false

  override binaryReceived(data: Uint8Array): void {
    this.heard.push(data)
  }

  override connectionLost(...args: Parameters<WebSocketProtocol['connectionLost']>): void {
    super.connectionLost(...args)
    this.isOver = true
  }

  get frames(): ReturnType<typeof readFrame>[] {
    return this.heard.map(readFrame)
  }
}

async function raw(): Promise<Raw> {
  const client = new Raw()
  await lab.simulation.settle(connectWebSocket(lab.page, RELAY, client, { subprotocols: [TUNNEL_SUBPROTOCOL] }))
  return client
}

describe('the relay, before there is a tunnel', () => {
  const wrong: [string, Uint8Array][] = [
    ['nothing', new Uint8Array(0)], ['an unknown kind', Uint8Array.of(99)], ['kind 0', Uint8Array.of(0)],
    ['DATA', dataFrame(text('early'))], ['END', endFrame()], ['CREDIT', creditFrame(5)],
    ['OPENED', openedFrame(5000, 1, text('x'))], ['REFUSED', refusedFrame(2, text('x'))],
    ['an OPEN that is cut off', open().subarray(0, 9)], ['an OPEN with more behind', Uint8Array.of(...open(), 0)],
    ['an OPEN of nothing', Uint8Array.of(KIND.open)], ['an OPEN without a host', open().fill(0, 7, 8)],
    ['an OPEN whose host goes beyond its end', open().fill(255, 7, 8)],
    ['a token that is longer than it says', open({ token: text('abc') }).fill(1, 13, 14)],
    ['a window of nothing', open({ window: 0 })], ['a window that is too large', open({ window: 0xffffffff })],
  ]
  it.each(wrong)('refuses %s as malformed, and closes', async (_name, message) => {
    lab = new Lab()
    const client = await raw()
    client.sendBinary(message)
    await lab.run(5_000)
    expect(client.frames).toMatchObject([{ kind: 'refused', code: 9 }])
    expect(client.closeCode).toBe(1002)
    expect(client.isOver).toBe(true)
    expect(lab.relay.tunnels).toEqual([])
  })

  it('refuses a message of text', async () => {
    lab = new Lab()
    const client = await raw()
    client.sendText('OPEN')
    await lab.run(5_000)
    expect(client.closeCode).toBe(1003)
  })

  it('refuses hosts that are none', async () => {
    lab = new Lab({ allow: ['*:*', '127.0.0.0/8:*'] })
    for (const host of ['127.1', '0x7f.1', '2130706433', 'a b', 'host\0', '::1%lo', '[::1]', '127.0.0.1.', 'ho/st',
      '..']) {
      const client = await raw()
      client.sendBinary(open({ host: text(host) }))
      await lab.run(5_000)
      expect(client.frames, host).toMatchObject([{ kind: 'refused', code: 6 }])
    }
    expect(lab.relayReactor.openThings().connectors).toEqual([])
  })

  it('gives up what is being connected when the client resets, closes or says more', async () => {
    lab = new Lab()
    lab.simulation.network.blackHole('host', 7000)
    for (const [last, heard] of [
      [(client: Raw) => client.sendBinary(resetFrame()), 0], [(client: Raw) => client.close(), 0],
      [(client: Raw) => client.transport.abortConnection(), 0], [(client: Raw) => client.sendBinary(open()), 1],
    ] as const) {
      const client = await raw()
      client.sendBinary(open())
      await lab.run()
      expect(lab.relay.tunnels).toHaveLength(1)
      last(client)
      await lab.run(5_000)
      expect(client.heard).toHaveLength(heard)
      expect(lab.relay.tunnels).toEqual([])
      expect(lab.relayReactor.openThings().connectors).toEqual([])
      if (client.connected) client.close()
      await lab.run(20_000)
    }
  })

  it('ends one that never asks', async () => {
    lab = new Lab({ timeouts: { open: 3_000 } })
    const client = await raw()
    await lab.run(2_500)
    expect(client.isOver).toBe(false)
    await lab.run(5_000)
    expect(client.frames).toMatchObject([{ kind: 'refused', code: 3 }])
    expect(client.isOver).toBe(true)
  })

  it('asks for the subprotocol', async () => {
    lab = new Lab()
    const asked = connectWebSocket(lab.page, RELAY, Raw, {})
    await expect(lab.simulation.settle(asked)).rejects.toThrow(/400/)
  })

  it('does not take messages longer than any that makes sense', async () => {
    lab = new Lab()
    const client = await raw()
    client.sendBinary(new Uint8Array(70_000).fill(4))
    await lab.run(5_000)
    expect(client.closeCode).toBe(1009)
    expect(lab.relay.tunnels).toEqual([])
  })
})

describe('the relay, in a tunnel', () => {
  async function opened(): Promise<{ client: Raw, host: Recorder }> {
    lab = new Lab({ limits: { window: 10_000 } })
    lab.listen(() => new Recorder())
    const client = await raw()
    client.sendBinary(open())
    await lab.run()
    expect(client.frames).toMatchObject([{ kind: 'opened', window: 10_000, port: 7000 }])
    return { client, host: lab.accepted[0] as Recorder }
  }

  const wrong: [string, (client: Raw) => void][] = [
    ['more than there was room for', (client) => {
      for (let i = 0; i < 3; i++) client.sendBinary(dataFrame(new Uint8Array(9_000)))
    }],
    ['an empty DATA', (client) => client.sendBinary(Uint8Array.of(KIND.data))],
    ['a second OPEN', (client) => client.sendBinary(open())],
    ['OPENED', (client) => client.sendBinary(openedFrame(5_000, 1, text('x')))],
    ['room for nothing', (client) => client.sendBinary(creditFrame(0))],
    ['room for more than anybody has', (client) => client.sendBinary(creditFrame(0x7fffffff))],
    ['DATA after END', (client) => {
      client.sendBinary(endFrame())
      client.sendBinary(dataFrame(text('more')))
    }],
    ['two ENDs', (client) => {
      client.sendBinary(endFrame())
      client.sendBinary(endFrame())
    }],
    ['an END with something in it', (client) => client.sendBinary(Uint8Array.of(KIND.end, 1))],
    ['an unknown kind', (client) => client.sendBinary(Uint8Array.of(77))],
    ['text', (client) => client.sendText('hello')],
  ]
  it.each(wrong)('resets both sides at %s', async (name, say) => {
    const { client, host } = await opened()
    // So that what it is given waits in the relay.
    if (name.startsWith('more')) host.transport.pauseProducing()
    if (name.startsWith('more')) {
      const full = new Uint8Array(9_000)
      // The host's own buffers take some.
      for (let i = 0; i < 100; i++) client.sendBinary(dataFrame(full))
    } else {
      say(client)
    }
    await lab.run(10_000)
    if (name.startsWith('more')) host.transport.resumeProducing()
    await lab.run(5_000)
    expect(client.isOver).toBe(true)
    expect(client.frames.at(-1)).toMatchObject({ kind: 'reset' })
    expect(host.reason).toBeInstanceOf(ConnectionLost)
    expect(lab.relay.tunnels).toEqual([])
    expect(lab.relayReactor.openTransports()).toEqual([])
  })

  it('goes on with room that comes in drops', async () => {
    lab = new Lab()
    lab.listen(() => new Recorder())
    const client = await raw()
    client.sendBinary(open({ window: 1024 }))
    await lab.run()
    ;(lab.accepted[0] as Recorder).transport.write(new Uint8Array(3_000))
    await lab.run()
    const received = (): number => client.frames.reduce(
      (sum, one) => sum + (one.kind === 'data' ? one.bytes.length : 0), 0)
    expect(received()).toBe(1024)
    client.sendBinary(creditFrame(1))
    await lab.run()
    expect(received()).toBe(1025)
    client.sendBinary(creditFrame(100_000))
    await lab.run()
    expect(received()).toBe(3_000)
  })
})

describe('a page', () => {
  /** A server in the relay's place, which says this. */
  async function against(say: (server: WebSocketProtocol, data: Uint8Array | null) => void): Promise<void> {
    lab = new Lab()
    class Wrong extends WebSocketProtocol {
      override connectionMade(): void {
        say(this, null)
      }

      override binaryReceived(data: Uint8Array): void {
        say(this, data)
      }
    }
    const factory = WebSocketServerFactory.forProtocol(
      Wrong, { subprotocols: [TUNNEL_SUBPROTOCOL] }) as WebSocketServerFactory
    const wrong = lab.simulation.host('wrong').reactor
    void serve(wrong, 'tcp:80', new Site(() => '', { reactor: wrong }).upgrade('/tunnel', factory))
    await lab.run(10)
  }


  const endpoint = (): TunnelClientEndpoint => new TunnelClientEndpoint(
    lab.page, 'ws://wrong/tunnel', 'host', 7000, { open: openWebSocket(lab.page), timeout: 20_000 })

  it.each<[string, (server: WebSocketProtocol) => void, new (...args: never[]) => Error]>([
    ['text', (server) => server.sendText('hi'), ProxyReplyError],
    ['DATA', (server) => server.sendBinary(dataFrame(text('x'))), ProxyReplyError],
    ['nothing', (server) => server.sendBinary(new Uint8Array(0)), ProxyReplyError],
    ['a window of nothing', (server) =>
      server.sendBinary(Uint8Array.of(KIND.opened, 0, 0, 0, 0, 0, 80)), ProxyReplyError],
    ['a close', (server) => server.close(), ProxyClosedError],
    ['a close with a code', (server) => server.close(1011), ConnectionLost],
    ['an unknown number', (server) => server.sendBinary(refusedFrame(200, text('x'))), ConnectError],
  ])('is told that the relay makes no sense when it says %s', async (_name, say, kind) => {
    await against((server, data) => {
      if (data !== null) say(server)
    })
    const error = await lab.refusal(endpoint())
    expect([error, error.cause].some((one) => one instanceof kind), error.stack).toBe(true)
    // Its closing handshake has a time.
    await lab.run(15_000)
    expect(lab.page.openTransports()).toEqual([])
  })

  it.each<[string, Uint8Array]>([
    ['more than there was room for', dataFrame(new Uint8Array(65_536))],
    ['OPENED again', openedFrame(5_000, 1, text(''))],
    ['an unknown kind', Uint8Array.of(50)], ['REFUSED', refusedFrame(2, text(''))],
  ])('breaks off when a relay says %s in a tunnel', async (_name, message) => {
    await against((server, data) => {
      if (data?.[0] !== KIND.open) return
      server.sendBinary(openedFrame(5_000, 80, text('192.0.2.1')))
      for (let i = 0; i < 20; i++) server.sendBinary(message)
    })
    const page = new Recorder()
    await lab.connect(page, endpoint())
    page.transport.pauseProducing()
    await lab.run(5_000)
    expect(page.reason).toBeInstanceOf(ConnectionLost)
  })
})
