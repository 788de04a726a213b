/**
 * A socket that had been read in bulk, and then into the array of a long body, went back to the array that all sockets
 * of a reactor share while it still passed for one with an array of its own: its next long read was handed out where it
 * stood, and what any other connection sent was written over it.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { Deferred } from '../../src/defer/index.js'
import { Site } from '../../src/http/index.js'
import { checkNothingLeft } from '../hosts/node/left-behind.js'
import { later, listen, portOf, rawPeer, reactors } from '../hosts/node/helpers.js'

checkNothingLeft()
const newReactor = reactors(afterEach)
const post = (target: string, length: number, letter: string): string =>
  `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${letter.repeat(length)}`

/** What peers have got. */
async function answered(peer: { received: () => string }, wanted: string): Promise<void> {
  while (!peer.received().includes(wanted)) await new Promise((resolve) => setImmediate(resolve))
}

describe('a long body, then another on the same connection', () => {
  it('keeps its bytes, whatever other connections send meanwhile', async () => {
    const go = new Deferred<void>()
    const begun = later()
    const reactor = newReactor()
    const site = new Site(async (request) => {
      if (request.path !== '/late') return `whole ${(await request.read()).length}`
      const letters = new Set<string>()
      let length = 0
      begun.resolve()
      await go
      for await (const piece of request) {
        for (const byte of piece) letters.add(String.fromCharCode(byte))
        length += piece.length
      }
      return `late ${length} of ${[...letters].join('')}`
    }, { reactor, limits: { bodyBytes: null } })
    const port = portOf(await listen(reactor, site))
    const first = await rawPeer(port)
    first.socket.write(post('/', 2_000_000, 'a'))
    await answered(first, 'whole 2000000')
    first.socket.write(post('/late', 60_000, 'b'))
    await begun.promise
    for (let i = 0; i < 3; i++) {
      const other = await rawPeer(port)
      other.socket.write(post('/', 60_000, 'x'))
      await answered(other, 'whole 60000')
      other.socket.destroy()
    }
    go.callback(undefined)
    await answered(first, 'late')
    expect(first.received()).toContain('late 60000 of b')
    first.socket.destroy()
  })
})
