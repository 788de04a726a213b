/** `whorl forward`, `connect` and `get` with programs that are not ours: curl on either side of it, and a terminal. */
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHTTPServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createHTTPSServer } from 'node:https'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { build } from '../../scripts/build.mjs'
import { describeWith, Program } from './programs.js'
import type { Peer } from './programs.js'

const vector = (name: string): string => fileURLToPath(new URL(`../vectors/tls/${name}`, import.meta.url))
const servers: Server[] = []
const folders: string[] = []

beforeAll(() => build(), 300_000)
afterEach(async () => {
  await Program.killAll()
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function installed(name: string, packageName: string, args: string[], output: RegExp): Peer {
  const tried = spawnSync(name, args, { encoding: 'utf8' })
  return { name, package: packageName, command: tried.error === undefined && output.test(tried.stdout) ? name : null }
}

async function listening(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** A forwarder, once it listens. @returns where, as it says itself */
async function forward(from: string, to: string): Promise<{ program: Program, where: string }> {
  const program = new Program(process.execPath, ['dist/cli.js', 'forward', from, to])
  const pattern = /forwarding (\S+) to /
  await expect.poll(() => program.errorText, { timeout: 15_000 }).toMatch(pattern)
  return { program, where: pattern.exec(program.errorText)![1]! }
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'whorl-'))
  folders.push(made)
  return made
}

/** What curl prints. It gives up by itself, long before the test does. */
async function fetched(command: string, ...args: string[]): Promise<string> {
  const curl = new Program(command, ['--silent', '--show-error', '--noproxy', '*', '--max-time', '15', ...args])
  const { status } = await curl.ended
  expect(status, curl.errorText).toBe(0)
  return curl.text
}

const digest = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')
const body = randomBytes(5_000_000)

/** Gives the body, or the digest of what it is sent; the path says how the answer ends. */
const serve: RequestListener = (request, response) => {
  if (request.method === 'POST') {
    const hash = createHash('sha256')
    request.on('data', (data: Buffer) => hash.update(data))
    request.on('end', () => response.end(hash.digest('hex')))
  } else if (request.url === '/until-closed') {
    // Its length is where the connection ends: half-close and order must be right.
    response.writeHead(200, { connection: 'close' })
    response.useChunkedEncodingByDefault = false
    response.end(body)
  } else response.end(request.url === '/body' ? body : `this is ${request.url}`)
}

describeWith(installed('curl', 'curl', ['--version'], /^curl \d/), 'curl through whorl forward', (command) => {
  it('over TCP: short and long answers, an upload, one connection for several, several at once', async () => {
    const port = await listening(createHTTPServer(serve))
    const { program, where } = await forward('tcp:0:interface=127.0.0.1', `tcp:127.0.0.1:${port}`)
    const url = `http://${where}`
    expect(await fetched(command, `${url}/one`, `${url}/two`)).toBe('this is /onethis is /two')
    const place = folder()
    for (const path of ['body', 'until-closed']) {
      await fetched(command, '--output', join(place, path), `${url}/${path}`)
      expect(digest(readFileSync(join(place, path)))).toBe(digest(body))
    }
    writeFileSync(join(place, 'upload'), body)
    expect(await fetched(command, '--data-binary', `@${join(place, 'upload')}`, `${url}/`)).toBe(digest(body))
    const outputs = Array.from({ length: 10 }, (_, index) => join(place, `parallel-${index}`))
    await fetched(command, '--parallel', ...outputs.flatMap((output) => ['--output', output, `${url}/body`]))
    for (const output of outputs) expect(digest(readFileSync(output))).toBe(digest(body))
    program.child.kill('SIGINT')
    expect((await program.ended).status).toBe(0)
  })

  it('from a UNIX socket to TLS, and back', async () => {
    const port = await listening(createHTTPSServer(
      { cert: readFileSync(vector('localhost.pem')), key: readFileSync(vector('localhost.key')) }, serve))
    const path = join(folder(), 'http.sock')
    await forward(`unix:${path}`,
      `tls:localhost:${port}:trustRoots=${vector('ca.pem')}:endpoint=tcp\\:127.0.0.1\\:${port}`)
    expect(await fetched(command, '--unix-socket', path, 'http://localhost/x')).toBe('this is /x')
    const { where } = await forward(`tls:0:interface=127.0.0.1:privateKey=${vector('localhost.key')}:certificate=${
      vector('localhost.pem')}`, `unix:${path}`)
    const own = where.split(':').at(-1)!
    expect(await fetched(command, '--cacert', vector('ca.pem'), '--resolve', `localhost:${own}:127.0.0.1`,
      `https://localhost:${own}/y`)).toBe('this is /y')
  })

  it('a server that is not there is a reset for curl, and a line for people', async () => {
    const server = createServer()
    const port = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    servers.pop()
    const { program, where } = await forward('tcp:0:interface=127.0.0.1', `tcp:127.0.0.1:${port}`)
    const curl = new Program(command, ['--silent', '--noproxy', '*', `http://${where}/`])
    // 52: no answer; 56: the connection was reset.
    expect([52, 56]).toContain((await curl.ended).status)
    expect(program.errorText).toMatch(/not forwarded: .*ECONNREFUSED/)
  })
})

const script = installed('script', 'bsdutils', ['--version'], /util-linux/)

/**
 * A command whose standard input, output and error are a terminal, all of which comes out of standard output. `exec`:
 * a shell that stayed would see Ctrl-C as well, and put its own status in the place of the command's.
 */
function onTerminal(command: string, line: string): Program {
  return new Program(command, ['--quiet', '--return', '--flush', '--command', `exec ${line}`, '/dev/null'],
    { SHELL: '/bin/sh' })
}

/** Sends a little, again and again, until told to stop. */
function trickle(socket: Socket, isOver: () => boolean): void {
  if (isOver() || socket.destroyed) return
  socket.write('x'.repeat(1_000), () => setTimeout(trickle, 20, socket, isOver))
}

describeWith(script, 'progress', (command) => {
  const quoted = `'${process.execPath}' dist/cli.js`
  const progress = /\r\u001b\[K[\d.]+ \S+ sent, [\d.]+ \S+ received, [\d.]+ \S+\/s/

  it('whorl forward shows how far it has come, on a terminal only, and leaves nothing of it', async () => {
    const sockets: Socket[] = []
    const port = await listening(createServer((socket) => {
      socket.on('error', () => undefined)
      socket.resume()
    }))
    const to = `tcp:127.0.0.1:${port}`
    const seen = onTerminal(command, `${quoted} forward tcp:0:interface=127.0.0.1 ${to}`)
    const unseen = await forward('tcp:0:interface=127.0.0.1', to)
    const [, own] = await seen.prints(/forwarding \S+:(\d+) to /)
    for (const where of [own, unseen.where.split(':').at(-1)]) {
      const socket = connect(Number(where), '127.0.0.1')
      sockets.push(socket)
      socket.on('error', () => undefined)
      trickle(socket, () => false)
    }
    await seen.prints(progress)
    await seen.prints(/[1-9][\d.]* KiB sent, 0 B received/)
    for (const socket of sockets) socket.destroy()
    // The line is wiped once nothing is forwarded; Ctrl-C, as it is typed, ends it well.
    await seen.prints(/B\/s\r\u001b\[K(?!.)/s)
    seen.type('\x03')
    expect(await seen.ended).toMatchObject({ status: 0 })
    unseen.program.child.kill('SIGINT')
    expect(await unseen.program.ended).toMatchObject({ status: 0 })
    expect(unseen.program.errorText).not.toContain('sent')
  })

  it('whorl connect shows it where its data does not go to the terminal', async () => {
    let isOver = false
    const port = await listening(createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined)
      trickle(socket, () => {
        if (isOver) socket.end()
        return isOver
      })
    }))
    const seen = onTerminal(command, `${quoted} connect tcp:127.0.0.1:${port} < /dev/null > /dev/null`)
    await seen.prints(progress)
    isOver = true
    expect(await seen.ended).toMatchObject({ status: 0 })
    expect(seen.text.endsWith('\r\u001b[K')).toBe(true)
  })

  it('whorl get shows how much is left, and leaves nothing of it', async () => {
    let isOver = false
    const length = 10_000_000
    const port = await listening(createHTTPServer((request, response) => {
      request.socket.on('error', () => undefined)
      response.writeHead(200, { 'content-length': length })
      let sent = 0
      const more = (): void => {
        if (response.destroyed) return
        const part = isOver ? length - sent : 1_000
        sent += part
        if (sent === length) response.end(Buffer.alloc(part))
        else response.write(Buffer.alloc(part), () => setTimeout(more, 20))
      }
      more()
    }))
    const file = join(folder(), 'got')
    const seen = onTerminal(command, `${quoted} get -o '${file}' http://127.0.0.1:${port}/`)
    await seen.prints(/\r\u001b\[K[\d.]+ KiB of 9\.5 MiB \(\d+ %\), [\d.]+ \S+\/s, \d+ s left/)
    isOver = true
    expect(await seen.ended).toMatchObject({ status: 0 })
    expect(seen.text.endsWith('\r\u001b[K')).toBe(true)
    expect(readFileSync(file).length).toBe(length)
  })
})
