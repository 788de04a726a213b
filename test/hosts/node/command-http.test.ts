/** `whorl web` and `whorl get` as they are installed, with Node's own client and server at the other end. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../../scripts/build.mjs'
import { Program } from '../../interop/programs.js'

const folders: string[] = []
const servers: Server[] = []

beforeAll(() => build(), 300_000)
afterEach(async () => {
  await Program.killAll()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function whorl(...args: string[]): Program {
  return new Program(process.execPath, ['dist/cli.js', ...args])
}

async function outcome(program: Program): Promise<{ status: number | null, out: string, error: string }> {
  const { status } = await program.ended
  return { status, out: program.text, error: program.errorText }
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'whorl-'))
  folders.push(made)
  return made
}

/** A server by `whorl web`, once it listens. */
async function web(...args: string[]): Promise<{ program: Program, url: string }> {
  const program = whorl('web', '--listen', 'tcp:0:interface=127.0.0.1', ...args)
  const pattern = /^serving .* at (http:\/\/127\.0\.0\.1:\d+\/); Ctrl-C ends it$/m
  await expect.poll(() => program.errorText, { timeout: 15_000 }).toMatch(pattern)
  return { program, url: pattern.exec(program.errorText)![1]! }
}

/** One request on a connection of its own. */
function ask(url: string, method = 'GET'): Promise<{ status: number, type: string | undefined, text: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (data: string) => (text += data))
      response.on('end', () => resolve({ status: response.statusCode!, type: response.headers['content-type'], text }))
    })
    asking.on('error', reject)
    asking.end()
  })
}

async function site(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('whorl web', () => {
  it('serves files, lists directories, logs, and ends with status 0', async () => {
    const place = folder()
    writeFileSync(join(place, 'page.html'), '<p>hello')
    writeFileSync(join(place, '.secret'), 'hidden')
    mkdirSync(join(place, 'sub'))
    writeFileSync(join(place, 'sub', 'index.html'), 'index of sub')
    writeFileSync(join(place, 'sub', 'ü.txt'), 'text')
    symlinkSync(tmpdir(), join(place, 'out'))
    const { program, url } = await web('--verbose', place)
    expect(await ask(`${url}page.html`)).toEqual({ status: 200, type: 'text/html; charset=utf-8', text: '<p>hello' })
    const listing = await ask(url)
    expect(listing).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' })
    for (const name of ['page.html', 'sub/']) expect(listing.text).toContain(`>${name}</a>`)
    expect(listing.text).not.toContain('.secret')
    expect((await ask(`${url}sub/`)).text).toBe('index of sub')
    expect((await ask(`${url}sub/%C3%BC.txt`)).text).toBe('text')
    for (const path of ['.secret', 'nothing', 'out/', '..%2fetc%2fpasswd']) {
      expect((await ask(url + path)).status).toBe(404)
    }
    expect((await ask(`${url}page.html`, 'DELETE')).status).toBe(405)
    program.child.kill('SIGINT')
    const { status, out, error } = await outcome(program)
    expect({ status, out }).toEqual({ status: 0, out: '' })
    const log = error.split('\n').slice(1, -1)
    expect(log).toHaveLength(9)
    expect(log[0]).toMatch(
      /^127\.0\.0\.1 - - \[\d\d\/\w{3}\/\d{4}:[\d:]{8} \+0000\] "GET \/page\.html HTTP\/1\.1" 200 8$/)
  })

  it('lists nothing and shows all names when told so, and logs JSON', async () => {
    const place = folder()
    writeFileSync(join(place, '.secret'), 'shown')
    const { program, url } = await web('--no-listing', '--dotfiles', '--log', 'json', place)
    expect((await ask(url)).status).toBe(403)
    expect((await ask(`${url}.secret`)).text).toBe('shown')
    program.child.kill('SIGTERM')
    const { status, error } = await outcome(program)
    expect(status).toBe(0)
    expect(error.split('\n').slice(1, -1).map((line) => JSON.parse(line) as object))
      .toMatchObject([{ target: '/', status: 403 }, { target: '/.secret', status: 200, bytes: 5 }])
  })

  it('says in one line what cannot be served, or where, with status 1', async () => {
    const place = folder()
    writeFileSync(join(place, 'file'), '')
    for (const path of ['missing', 'file']) {
      const { status, out, error } = await outcome(whorl('web', join(place, path)))
      expect({ status, out }).toEqual({ status: 1, out: '' })
      expect(error).toMatch(/^whorl: .*(ENOENT|is no directory).*\n$/)
    }
    const { url } = await web(place)
    const taken = await outcome(whorl('web', '--listen', `tcp:${new URL(url).port}:interface=127.0.0.1`, place))
    expect(taken).toMatchObject({ status: 1, out: '' })
    expect(taken.error).toMatch(/^whorl: .*EADDRINUSE.*\n$/)
  })
})

describe('whorl get', () => {
  const body = randomBytes(3_000_000)
  const digest = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

  it('prints what it gets, byte for byte, or writes it to a file', async () => {
    const url = await site((incoming, response) => {
      // One with a length, one in chunks, one that ends with its connection.
      if (incoming.url === '/length') response.setHeader('Content-Length', body.length)
      if (incoming.url === '/close') {
        response.setHeader('Connection', 'close')
        response.useChunkedEncodingByDefault = false
      }
      response.write(body.subarray(0, 1_000_000))
      response.end(body.subarray(1_000_000))
    })
    for (const path of ['/length', '/chunks', '/close']) {
      const program = whorl('get', url + path)
      expect(await outcome(program)).toMatchObject({ status: 0, error: '' })
      expect(digest(program.output)).toBe(digest(body))
    }
    const file = join(folder(), 'got')
    expect(await outcome(whorl('get', '-o', file, `${url}/length`))).toEqual({ status: 0, out: '', error: '' })
    expect(digest(readFileSync(file))).toBe(digest(body))
  })

  it('follows redirections, and tells of them when asked', async () => {
    const url = await site((incoming, response) => {
      if (incoming.url === '/there') response.end('there it is')
      else response.writeHead(302, { Location: '/there' }).end('elsewhere')
    })
    expect(await outcome(whorl('get', `${url}/here`))).toEqual({ status: 0, out: 'there it is', error: '' })
    const told = await outcome(whorl('get', '--verbose', `${url}/here`))
    expect(told).toMatchObject({ status: 0, out: 'there it is' })
    expect(told.error).toMatch(/^http:\S+\/here: 302\n(  .*\n)*http:\S+\/there: 200\n(  .*\n)*$/)
    expect(told.error).toContain('  location: /there\n')
  })

  it('an answer of 400 or more is one line and status 1, and no file is made of it', async () => {
    const url = await site((_incoming, response) => response.writeHead(404, 'Not \x9bhere').end('a page that says so'))
    const file = join(folder(), 'got')
    const { status, out, error } = await outcome(whorl('get', '-o', file, `${url}/nothing`))
    expect({ status, out }).toEqual({ status: 1, out: '' })
    expect(error).toBe(`whorl: ${url}/nothing: 404 Not ?here\n`)
    expect(existsSync(file)).toBe(false)
  })

  it('what cannot be reached, breaks off, or cannot be written is one line and status 1', async () => {
    const broken = await site((_incoming, response) => {
      response.writeHead(200, { 'Content-Length': 100 })
      response.write('x'.repeat(10), () => response.socket!.destroy())
    })
    const closed = await site(() => undefined)
    const [server] = servers.splice(1)
    await new Promise((resolve) => server!.close(resolve))
    const place = folder()
    for (const args of [[`${broken}/`], [`${closed}/`], ['-o', join(place, 'no', 'such', 'folder'), `${broken}/`]]) {
      const { status, error } = await outcome(whorl('get', ...args))
      expect(status).toBe(1)
      expect(error).toMatch(/^whorl: .+\n$/)
      expect(error.trimEnd()).not.toContain('\n')
    }
  })

  it('ends at once, in one line, with Ctrl-C, also in the middle of an answer', async () => {
    const url = await site((incoming, response) => {
      if (incoming.url === '/middle') response.write('some of it')
    })
    for (const path of ['/nothing', '/middle']) {
      const asked = new Promise((resolve) => servers[0]!.once('request', resolve))
      const program = whorl('get', url + path)
      await asked
      if (path === '/middle') await program.prints(/some of it/)
      program.child.kill('SIGINT')
      const { status, error } = await outcome(program)
      expect({ status, error }).toEqual({ status: 1, error: 'whorl: interrupted\n' })
    }
  })

  it('does not mind a reader who has seen enough', async () => {
    const url = await site((_incoming, response) => response.end(body))
    const program = new Program('sh',
      ['-c', '{ "$0" dist/cli.js get "$1"; echo "status $?" >&2; } | head -c 1 > /dev/null', process.execPath, url])
    expect((await outcome(program)).error).toBe('status 0\n')
  })
})
