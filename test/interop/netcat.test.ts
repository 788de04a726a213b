/**
 * Netcat, the client that the switchboard tells people to use, at its echo port and in its chat room.
 */
import { createHash } from 'node:crypto'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { build } from '../../scripts/build.mjs'
import { describeWith, netcat, Program } from './programs.js'
import { Switchboard } from './switchboard.js'

beforeAll(async () => {
  await build()
}, 120_000)

afterEach(() => Program.killAll())

/** Bytes that no compression and no repetition could hide the loss of. */
function bytesOf(length: number): Buffer {
  const blocks: Buffer[] = []
  for (let i = 0; i * 32 < length; i++) blocks.push(createHash('sha256').update(String(i)).digest())
  return Buffer.concat(blocks).subarray(0, length)
}

describeWith(netcat(), 'netcat', (nc) => {
  it.each([1, 60, 65_536, 65_537, 4 << 20])('gets %i bytes back from the echo port, then the end', async (length) => {
    const { echo } = await Switchboard.start()
    const sent = bytesOf(length)
    const client = new Program(nc, ['-N', '127.0.0.1', String(echo)])
    client.child.stdin.end(sent)
    expect(await client.ended).toEqual({ status: 0, signal: null })
    expect(client.output.length).toBe(length)
    expect(client.output.equals(sent)).toBe(true)
  })

  it('gets bytes back as they are typed', async () => {
    const { echo } = await Switchboard.start()
    const client = new Program(nc, ['127.0.0.1', String(echo)])
    for (const [i, byte] of [...'one byte at a time'].entries()) {
      client.type(byte)
      await client.prints(new RegExp(`^${'.'.repeat(i + 1)}$`))
    }
    expect(client.text).toBe('one byte at a time')
  })

  it('two of them chat', async () => {
    const { chat } = await Switchboard.start()
    const ada = new Program(nc, ['127.0.0.1', String(chat)])
    ada.type('ada\n')
    await ada.prints(/Hello, ada\./)
    const bob = new Program(nc, ['-N', '127.0.0.1', String(chat)])
    bob.type('ada\nbob\nhello\n')
    await ada.prints(/<bob> hello\r\n/)
    ada.type('and to you\n/who\n')
    await bob.prints(/<ada> and to you\r\n/)
    bob.child.stdin.end()
    await ada.prints(/\* bob left\r\n/)
    ada.type('/quit\n')
    // Netcat stays for its own input's sake, also when the connection is over.
    await ada.prints(/Goodbye\.\r\n/)
    ada.child.stdin.end()
    expect(await ada.ended).toEqual({ status: 0, signal: null })
    expect(await bob.ended).toEqual({ status: 0, signal: null })
    expect(ada.text).toBe([
      'Welcome to the switchboard. What is your nickname?',
      'Hello, ada. Nobody else is here yet.',
      '/help lists the commands, /quit leaves.',
      '* bob joined',
      '<bob> hello',
      'Here: ada, bob',
      '* bob left',
      'Goodbye.',
      '',
    ].join('\r\n'))
    expect(bob.text).toContain('The nickname ada is taken. Another?\r\nHello, bob. Also here: ada.\r\n')
  })
})
