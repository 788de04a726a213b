/** The guide to connections: what it prints is in examples/snippets/, and works. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { Compressing, Counting, list } from '../../../examples/snippets/connections-streams.js'
import { root } from '../../interop/programs.js'
import { listen, portOf, rawPeer, reactors, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

describe('docs/guide/connections.md', () => {
  it('prints its program as it is', () => {
    const [, code] = /```ts\n([^]*?)```/.exec(readFileSync(`${root}docs/guide/connections.md`, 'utf8'))!
    const file = readFileSync(`${root}examples/snippets/connections-streams.ts`, 'utf8')
    expect(file.replace(/^\/\*\*.*\*\/\n/, '')).toBe(code)
  })

  it('counts lines as they come, and lists connections', async () => {
    const reactor = newReactor()
    const port = await listen(reactor, new TestFactory(() => new Counting()))
    const peer = await rawPeer(portOf(port))
    peer.socket.write('one\ntwo\n')
    await new Promise((resolve) => peer.socket.once('data', resolve))
    expect(peer.received()).toBe('2\n')
    expect(list(reactor)).toEqual(['1 open: 8 in, 2 out, 0 kept, waits for data'])
    peer.socket.end('three\n')
    await peer.closed
    expect(peer.received()).toBe('2\n3\n')
  })

  it('compresses what a client sends', async () => {
    const port = await listen(newReactor(), new TestFactory(() => new Compressing()))
    const peer = await rawPeer(portOf(port), { allowHalfOpen: true })
    peer.socket.end('long '.repeat(10_000))
    await peer.closed
    expect(gunzipSync(Buffer.from(peer.received(), 'latin1')).toString()).toBe('long '.repeat(10_000))
  })
})
