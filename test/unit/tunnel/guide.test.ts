/** The guides to pages and relays print programs that are there; the relay's is tried here, the page's in Chromium. */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { connectProtocol, Protocol, TunnelRefusedError } from 'whorl'
import type { IListeningPort } from 'whorl'
import { createReactor } from 'whorl/node'
import { serveRelay } from '../../../examples/snippets/relay-site.js'
import { openWebSocket, TunnelClientEndpoint } from '../../../src/tunnel/index.js'
import { root } from '../../interop/programs.js'

let port: IListeningPort | null = null
const reactor = createReactor()

afterEach(async () => {
  for (const transport of reactor.openTransports()) transport.abortConnection()
  await port?.stopListening()
})

describe.each([['web', 'web-lines'], ['relay', 'relay-site']])('docs/guide/%s.md', (guide, snippet) => {
  it('prints its program as it is', () => {
    const [, code] = /```ts\n([^]*?)```/.exec(readFileSync(`${root}docs/guide/${guide}.md`, 'utf8'))!
    const file = readFileSync(`${root}examples/snippets/${snippet}.ts`, 'utf8')
    expect(file.replace(/^\/\*\*.*\*\/\n/, '')).toBe(code)
  })
})

it('the relay of the guide refuses what it should', async () => {
  port = await serveRelay(reactor, 'localhost', 'sesame')
  const { port: number } = port.getHost() as { port: number }
  const refusal = async (token: string): Promise<string> => {
    const endpoint = new TunnelClientEndpoint(reactor, `ws://127.0.0.1:${number}/tunnel`, 'localhost', 6667,
      { token, open: openWebSocket(reactor) })
    const error: unknown = await connectProtocol(endpoint, new Protocol()).addErrback((failure) => failure.value)
    return (error as TunnelRefusedError).refusal
  }
  expect(await refusal('x')).toBe('unauthenticated')
  // It is a private address, which the list does not have.
  expect(await refusal('sesame')).toBe('not-allowed')
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(number, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\nHost: x\r\n\r\n'))
    let text = ''
    socket.on('data', (data) => (text += data.toString())).on('close', () => resolve(text))
  })
  expect(answer).toMatch(/Hello\./)
})
