/** The command `whorl` as it is installed: what it prints, what it carries, and its exit statuses. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../../scripts/build.mjs'
import { textOf } from '../../arch/files.js'
import { Program } from '../../interop/programs.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()

const folders: string[] = []

beforeAll(() => build(), 300_000)
afterEach(async () => {
  await Program.killAll()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function whorl(...args: string[]): Program {
  return new Program(process.execPath, ['dist/cli.js', ...args])
}

/** What it said, once it has ended. */
async function outcome(program: Program): Promise<{ status: number | null, out: string, error: string }> {
  const { status } = await program.ended
  return { status, out: program.text, error: program.errorText }
}

/** Waits for a line on standard error. */
async function says(program: Program, pattern: RegExp): Promise<RegExpExecArray> {
  await expect.poll(() => program.errorText, { timeout: 15_000 }).toMatch(pattern)
  return pattern.exec(program.errorText)!
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'whorl-'))
  folders.push(made)
  return made
}

/** Sends `text`, ends, and gives all that comes back. */
function exchange(where: { port: number } | { path: string }, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: '127.0.0.1', ...where })
    let got = ''
    socket.on('data', (data) => (got += data.toString()))
    socket.on('error', reject)
    socket.on('close', () => resolve(got))
    socket.end(text)
  })
}

describe('whorl', () => {
  it('lists its commands, and tells its version', async () => {
    const help = await outcome(whorl('--help'))
    expect(help).toMatchObject({ status: 0, error: '' })
    for (const name of ['forward', 'connect', 'echo', 'web', 'get', 'trace']) {
      expect(help.out).toMatch(new RegExp(`^  ${name} `, 'm'))
    }
    const { version } = JSON.parse(textOf('package.json')) as { version: string }
    expect(await outcome(whorl('--version'))).toEqual({ status: 0, out: `${version}\n`, error: '' })
  })

  it.each(['forward', 'connect', 'echo', 'web', 'get', 'trace'])('%s --help tells what it takes', async (name) => {
    const { status, out } = await outcome(whorl(name, '--help'))
    expect(status).toBe(0)
    expect(out).toContain(`whorl ${name}`)
  })

  it('does not mind a reader who has seen enough', async () => {
    const help = new Program('sh',
      ['-c', '{ "$0" dist/cli.js --help; echo "status $?" >&2; } | true', process.execPath])
    expect((await outcome(help)).error).toBe('status 0\n')
  })

  it.each([
    [[], /which command/],
    [['dance'], /no command "dance"/],
    [['constructor'], /no command "constructor"/],
    [['forward', 'tcp:0'], /CONNECT is missing/],
    [['forward', 'tcp:0', 'tcp:127.0.0.1:1', 'more'], /"more" is one argument too many/],
    [['forward', '--drain', 'soon', 'tcp:0', 'tcp:127.0.0.1:1'], /--drain takes a duration/],
    [['echo', '--loud', 'tcp:0'], /--loud/],
    [['echo', 'tcp:many'], /"port" must be a whole number.*write tcp:<port>/],
    [['connect', 'smoke:signal'], /no client endpoint of type "smoke"/],
    [['web'], /DIR is missing/],
    [['web', '--listen', 'tcp:many', '.'], /"port" must be a whole number/],
    [['web', '--log', 'xml', '.'], /--log takes common, combined or json/],
    [['web', '--drain', 'soon', '.'], /--drain takes a duration/],
    [['get'], /URL is missing/],
    [['get', 'example.com'], /example\.com/],
    [['get', 'ftp://example.com/'], /ftp/],
    [['get', 'http://[/'], /\[/],
  ])('%j is misuse: one line, status 2', async (args, message) => {
    const { status, out, error } = await outcome(whorl(...args))
    expect({ status, out }).toEqual({ status: 2, out: '' })
    expect(error).toMatch(message)
    expect(error.trimEnd()).not.toContain('\n')
  })

  it('says what cannot be opened in one line, with status 1', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const taken = await outcome(whorl('echo', `tcp:${port}:interface=127.0.0.1`))
    await new Promise((resolve) => server.close(resolve))
    expect(taken.status).toBe(1)
    expect(taken.error).toMatch(/^whorl: .*EADDRINUSE.*\n$/)
    const refused = await outcome(whorl('connect', `tcp:127.0.0.1:${port}`))
    expect(refused.status).toBe(1)
    expect(refused.error).toMatch(/^whorl: .*(refused|REFUSED).*\n$/)
  })
})

describe('whorl echo, connect and forward', () => {
  it('carry a text from end to end, over TCP and a UNIX socket, and end well', async () => {
    const path = join(folder(), 'echo.sock')
    const echo = whorl('echo', `unix:${path}`)
    await says(echo, /echoing at .*echo\.sock/)
    const forward = whorl('forward', '--verbose', 'tcp:0:interface=127.0.0.1', `unix:${path}`)
    const [, port] = await says(forward, /forwarding 127\.0\.0\.1:(\d+) to /)
    const connected = whorl('connect', '--verbose', `tcp:127.0.0.1:${port}`)
    connected.child.stdin.end('one\ntwo\n')
    expect(await outcome(connected)).toMatchObject({ status: 0, out: 'one\ntwo\n' })
    expect(connected.errorText).toMatch(/^connected to 127\.0\.0\.1:\d+\nclosed\n$/)
    await says(forward, /127\.0\.0\.1:\d+ ended/)
    for (const program of [forward, echo]) {
      program.child.kill('SIGINT')
      expect(await program.ended).toEqual({ status: 0, signal: null })
    }
  })

  it('carry 20 MB both ways without losing a byte', async () => {
    const echo = whorl('echo', 'tcp:0:interface=127.0.0.1')
    const [, port] = await says(echo, /echoing at 127\.0\.0\.1:(\d+)/)
    const connected = whorl('connect', `tcp:127.0.0.1:${port}`)
    const sent = Buffer.alloc(20_000_000, 'A line that is repeated, with a length that no buffer has.\n')
    connected.child.stdin.end(sent)
    expect((await connected.ended).status).toBe(0)
    expect(connected.output.equals(sent)).toBe(true)
  })

  it('tell of a connection that broke, with status 1', async () => {
    const server = createServer((socket) => {
      socket.on('data', () => socket.resetAndDestroy())
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const connected = whorl('connect', `tcp:127.0.0.1:${(server.address() as AddressInfo).port}`)
    connected.type('x')
    const { status, error } = await outcome(connected)
    server.close()
    expect(status).toBe(1)
    expect(error).toMatch(/^whorl: .*ECONNRESET.*\n$/)
  })

  it('end in one line after a Ctrl-C while it connects', async () => {
    const held: Socket[] = []
    const server = createServer((socket) => held.push(socket)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const stalling = `tcp\\:127.0.0.1\\:${port}`
    for (const where of [`socks5:h:80:proxy=${stalling}`, `tls:localhost:1:endpoint=${stalling}`]) {
      const before = held.length
      const connecting = whorl('connect', where)
      await expect.poll(() => held.length, { timeout: 15_000 }).toBe(before + 1)
      connecting.child.kill('SIGINT')
      const { status, out, error } = await outcome(connecting)
      expect({ status, out }).toEqual({ status: 1, out: '' })
      expect(error).toMatch(/^whorl: .*\n$/)
    }
    for (const socket of held) socket.destroy()
    server.close()
  })

  it('a Ctrl-C before the end of standard input cuts the connection off, and the status says so', async () => {
    const echo = whorl('echo', 'tcp:0:interface=127.0.0.1')
    const [, port] = await says(echo, /echoing at 127\.0\.0\.1:(\d+)/)
    const connected = whorl('connect', '--verbose', `tcp:127.0.0.1:${port}`)
    connected.type('x')
    await connected.prints(/x/)
    connected.child.kill('SIGINT')
    const { status, error } = await outcome(connected)
    expect(status).toBe(1)
    expect(error).toMatch(/^connected to .*\nwhorl: .*aborted by this side.*\nclosed\n$/)
  })

  it('keep passwords to themselves', async () => {
    const proxy = 'socks5\\:a\\:1\\:proxy\\=unix\\\\\\:/p\\:username\\=u\\:password\\=geh\\\\\\:eim'
    const forward = whorl('forward', 'tcp:0:interface=127.0.0.1',
      `connect:h:80:username=u:password=ge\\:heim:proxy=${proxy}`)
    await says(forward, /forwarding .* to connect:h:80:username=u:password=…:proxy=.*; Ctrl-C/)
    expect(forward.errorText).not.toMatch(/heim|eim/)
    forward.child.kill('SIGINT')
    expect((await forward.ended).status).toBe(0)
  })

  it('let open connections end after one Ctrl-C, and end them after two', async () => {
    const held: Socket[] = []
    const server = createServer((socket) => held.push(socket)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const forward = whorl('forward', '--drain', '60s', 'tcp:0:interface=127.0.0.1',
      `tcp:127.0.0.1:${(server.address() as AddressInfo).port}`)
    const [, port] = await says(forward, /forwarding 127\.0\.0\.1:(\d+)/)
    const finishing = exchange({ port: Number(port) }, 'first')
    const staying = exchange({ port: Number(port) }, 'second')
    await expect.poll(() => held.length, { timeout: 15_000 }).toBe(2)
    forward.child.kill('SIGINT')
    await expect.poll(() => exchange({ port: Number(port) }, '').catch((error: { code: string }) => error.code),
      { timeout: 15_000 }).toBe('ECONNREFUSED')
    held[0]!.end('done')
    held[0]!.resume()
    const ends = [finishing, staying].map((one) => one.catch((error: { code: string }) => error.code))
    await expect.poll(() => Promise.race([...ends, 'nothing yet']), { timeout: 15_000 }).toBe('done')
    forward.child.kill('SIGINT')
    expect((await forward.ended).status).toBe(0)
    expect((await Promise.all(ends)).sort()).toEqual(['ECONNRESET', 'done'])
    for (const socket of held) socket.destroy()
    server.close()
  })
})
