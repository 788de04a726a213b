/**
 * The switchboard end to end: the built program in a process of its own, talked to over sockets of Node's own `net`.
 */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CHAT_LIMITS, CONNECTIONS_PER_PEER } from '../../examples/switchboard/limits.js'
import { build } from '../../scripts/build.mjs'
import { Program, root } from './programs.js'
import { ANY_PORTS, MAIN, Switchboard, Visitor } from './switchboard.js'

beforeAll(async () => {
  await build()
}, 120_000)

afterEach(async () => {
  Visitor.closeAll()
  await Program.killAll()
})

async function run(...args: string[]) {
  const program = new Program(process.execPath, [MAIN, ...args])
  const { status } = await program.ended
  return { status, out: program.text, errors: program.errorText }
}

describe('starting', () => {
  it('says where it listens and what to type', async () => {
    const { program, echo, chat, web } = await Switchboard.start()
    expect(program.text).toBe(`The switchboard is open; Ctrl-C closes it.
  echo on 127.0.0.1 port ${echo}; type: nc 127.0.0.1 ${echo}
  chat on 127.0.0.1 port ${chat}; type: nc 127.0.0.1 ${chat}
  web on 127.0.0.1 port ${web}; open: http://127.0.0.1:${web}/
`)
    expect(new Set([echo, chat, web]).size).toBe(3)
    expect(program.errorText).toBe('')
  })

  it('works by what `npm start` runs, too, and ends there as it does by itself', async () => {
    const board = await Switchboard.start(`${root}scripts/start.mjs`)
    const ada = await Visitor.named('ada', board.chat)
    expect(await board.stop('SIGINT')).toEqual({ status: 0, signal: null })
    await ada.sees('* The switchboard is closing. Goodbye.')
  }, 60_000)

  it('a taken port is one line and status 1, and the other ports are not left open', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const endpoint = `tcp:${port}:interface=127.0.0.1`
    try {
      // The last of two equal options counts.
      for (const args of ['--echo', '--chat', '--web'].map((option) => [...ANY_PORTS, option, endpoint])) {
        const { status, out, errors } = await run(...args)
        expect({ status, out }).toEqual({ status: 1, out: '' })
        expect(errors).toMatch(/^switchboard: .*\n$/)
        expect(errors).toContain(String(port))
        expect(errors).toContain('EADDRINUSE')
      }
    } finally {
      other.close()
    }
  })

  it.each([
    [['--port', '1'], "Unknown option '--port'"],
    [['more'], "Unexpected argument 'more'"],
    [['--echo'], 'argument missing'],
    [['--echo', ''], 'endpoint'],
    [['--echo', 'tcp:70000'], '"port"'],
    [['--chat', 'tcp:many'], '"port"'],
    [['--chat', 'tcp'], '"port"'],
    [['--chat', 'tcp:0:colour=red'], '"colour"'],
    [['--chat', 'carrier-pigeon:0'], '"carrier-pigeon"'],
    [['--web', 'tcp:70000'], '"port"'],
    [['--name'], 'argument missing'],
  ])('what it does not understand, %j, is one line and status 2', async (args, words) => {
    const { status, out, errors } = await run(...args)
    expect({ status, out }).toEqual({ status: 2, out: '' })
    expect(errors).toMatch(/^switchboard: .*\n$/)
    expect(errors).toContain(words)
  })

  it('--help explains every option', async () => {
    const { status, out, errors } = await run('--help')
    expect({ status, errors }).toEqual({ status: 0, errors: '' })
    for (const option of ['--echo', '--chat', '--web', '--name', '--help']) expect(out).toContain(option)
  })
})

describe('the chat', () => {
  it('two people talk, one changes her name, one leaves', async () => {
    const { chat } = await Switchboard.start()
    const ada = await Visitor.named('ada', chat)
    const bob = await Visitor.named('bob', chat)
    await ada.sees('* bob joined\r\n')
    bob.says('hello\r')
    await ada.sees('<bob> hello\r\n')
    ada.says('/nick countess', 'hi')
    await bob.sees('* ada is now countess\r\n<countess> hi\r\n')
    bob.says('/who', '/quit see you')
    await bob.sees('Here: countess, bob\r\nGoodbye.\r\n')
    expect(await bob.closed).toBeNull()
    await ada.sees('* bob left: see you\r\n')
  })

  it('understands input that comes byte by byte, and telnet in it', async () => {
    const { chat } = await Switchboard.start()
    const ada = await Visitor.named('ada', chat)
    const bob = new Visitor(chat)
    bob.socket.setNoDelay(true)
    const typed = Buffer.from('\xff\xfb\x1fbob\r\n\xff\xfd\x03hi\r\n', 'latin1')
    for (const byte of typed) await new Promise((resolve) => bob.socket.write(Uint8Array.of(byte), resolve))
    await ada.sees('<bob> hi\r\n')
  })

  it('serves so many connections of one address, tells the next one why not, and serves other addresses', async () => {
    const { chat } = await Switchboard.start()
    const visitors: Visitor[] = []
    for (let i = 0; i < CONNECTIONS_PER_PEER; i++) visitors.push(await Visitor.named(`v${i}`, chat))
    const refused = new Visitor(chat)
    await refused.sees(`Too many connections from your address; at most ${CONNECTIONS_PER_PEER}. Goodbye.\r\n`)
    expect(await refused.closed).toBeNull()
    visitors[0].says('/quit')
    await visitors[0].closed
    await visitors[1].sees('* v0 left')
    await Visitor.named('again', chat)
    await visitors[1].sees('* again joined')
  })

  it('a line that is too long ends its connection, and no other', async () => {
    const { chat } = await Switchboard.start()
    const ada = await Visitor.named('ada', chat)
    const bob = await Visitor.named('bob', chat)
    // Without an end, and with more behind it than any buffer on the way holds.
    bob.socket.write('x'.repeat(8 << 20))
    await bob.sees(`A line has at most ${CHAT_LIMITS.line} bytes. Goodbye.\r\n`)
    await bob.closed
    await ada.sees('* bob was cut off: a line too long\r\n')
    ada.says('/who')
    await ada.sees('Here: ada\r\n')
  })

  it('a connection that breaks in the middle of a line is noticed, and its half line is not said', async () => {
    const { program, chat } = await Switchboard.start()
    const ada = await Visitor.named('ada', chat)
    const bob = await Visitor.named('bob', chat)
    await ada.sees('* bob joined\r\n')
    bob.socket.write('whole line\nhalf a l')
    // A kernel that has input and a reset to tell of may tell of a plain end: the reset comes when the input was read.
    await ada.sees('<bob> whole line\r\n')
    bob.socket.resetAndDestroy()
    expect(await ada.sees('* bob lost the connection\r\n')).toBe('')
    ada.says('/who')
    await ada.sees('Here: ada\r\n')
    expect(program.errorText).toBe('')
  })

  it('drops who does not read, tells the room, and the others lose nothing', async () => {
    const { chat } = await Switchboard.start()
    const slow = await Visitor.named('slow', chat)
    slow.socket.pause()
    const ada = await Visitor.named('ada', chat)
    const talkers = await Promise.all(Array.from({ length: 10 }, (_, i) => Visitor.named(`t${i}`, chat)))
    const text = 'x'.repeat(1000)
    let said = 0
    const talk = (): void => {
      for (const talker of talkers) talker.says(...Array.from({ length: 20 }, (_, i) => `${said + i} ${text}`))
      said += 20
    }
    // Each portion is answered for before the next, so that only `slow` is slow.
    for (let dropped = false; !dropped;) {
      talk()
      for (const [i, talker] of talkers.entries()) {
        talker.says('/who')
        const heard = await talker.sees('Here: ')
        expect(await talker.sees('\r\n')).toContain(`t${i}`)
        dropped ||= heard.includes('* slow was dropped: reads too slowly')
      }
      expect(said).toBeLessThan(5000)
    }
    talkers[0].says('the end')
    const heard = await ada.sees('<t0> the end\r\n')
    for (let i = 0; i < talkers.length; i++) {
      const numbers = [...heard.matchAll(new RegExp(`<t${i}> (\\d+) `, 'g'))].map((match) => Number(match[1]))
      expect(numbers).toEqual(Array.from({ length: said }, (_, number) => number))
    }
  }, 60_000)
})

describe('closing', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('on %s tells the room, closes, and ends with status 0', async (signal) => {
    const board = await Switchboard.start()
    const ada = await Visitor.named('ada', board.chat)
    const unnamed = new Visitor(board.chat)
    await unnamed.sees('nickname?')
    const echo = new Visitor(board.echo)
    echo.says('hello')
    await echo.sees('hello\n')
    expect(await board.stop(signal)).toEqual({ status: 0, signal: null })
    await ada.sees('* The switchboard is closing. Goodbye.\r\n')
    expect([await ada.closed, await unnamed.closed, await echo.closed]).toEqual([null, null, null])
    expect(await new Visitor(board.chat).closed).toMatchObject({ code: 'ECONNREFUSED' })
    expect(board.program.text).toMatch(/\nThe switchboard is closing\.\n$/)
    expect(board.program.errorText).toBe('')
  })

  it('does not wait for ever for someone who does not read', async () => {
    const board = await Switchboard.start()
    const stuck = new Visitor(board.echo)
    stuck.socket.pause()
    stuck.socket.write('x'.repeat(32 << 20))
    const echo = new Visitor(board.echo)
    echo.says('is it served')
    await echo.sees('is it served')
    expect(await board.stop('SIGTERM')).toEqual({ status: 0, signal: null })
    expect(board.program.errorText).toBe('')
    stuck.socket.destroy()
  })
})
