/** `whorl relay` as it is installed, with whorl's own client and a server of node:net at the two ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connectProtocol, Deferred, LineReceiver, TunnelRefusedError } from 'whorl'
import { createReactor } from 'whorl/node'
import { build } from '../../../scripts/build.mjs'
import { openWebSocket, TunnelClientEndpoint } from '../../../src/tunnel/index.js'
import type { TunnelEndpointOptions } from '../../../src/tunnel/index.js'
import { Program } from '../../interop/programs.js'

const folders: string[] = []
const servers: Server[] = []
const reactor = createReactor()

beforeAll(() => build(), 300_000)
afterEach(async () => {
  for (const transport of reactor.openTransports()) transport.abortConnection()
  await Program.killAll()
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function whorl(...args: string[]): Program {
  return new Program(process.execPath, ['dist/cli.js', ...args])
}

/** A relay by the command, once it listens. */
async function relay(...args: string[]): Promise<{ program: Program, url: string }> {
  const program = whorl('relay', '--listen', 'tcp:0:interface=127.0.0.1', ...args)
  const pattern = /^relaying at (ws:\/\/127\.0\.0\.1:\d+\/\S*), .*; Ctrl-C ends it$/m
  await expect.poll(() => program.errorText, { timeout: 15_000 }).toMatch(pattern)
  return { program, url: pattern.exec(program.errorText)![1]! }
}

/** Says everything in upper case. */
async function shouting(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).on('data', (data) => socket.write(data.toString().toUpperCase()))
    socket.on('end', () => socket.end())
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

class Asking extends LineReceiver {
  readonly answer = new Deferred<string>()

  override lineReceived(line: string): void {
    this.answer.callback(line)
    this.transport.loseConnection()
  }
}

async function ask(url: string, port: number, options: TunnelEndpointOptions = {}): Promise<string> {
  const endpoint = new TunnelClientEndpoint(reactor, url, '127.0.0.1', port, { open: openWebSocket(reactor), ...options })
  const asking = await connectProtocol(endpoint, new Asking())
  asking.sendLine('hello')
  return await asking.answer
}

describe('whorl relay', () => {
  it('carries bytes to what is on its list, for whoever has a token, and tells of it', async () => {
    const port = await shouting()
    const folder = mkdtempSync(join(tmpdir(), 'whorl-'))
    folders.push(folder)
    writeFileSync(join(folder, 'tokens'), '# those who may\n\nfirst\nsecond one\n')
    const { program, url } = await relay('--allow', `127.0.0.1:${port}`, '--allow', '*.example.com:80,443', '--verbose',
      '--token-file', join(folder, 'tokens'), '--path', '/through')
    expect(url).toMatch(/\/through$/)
    expect(program.errorText).toMatch(/2 tokens may use it/)
    expect(await ask(url, port, { token: 'second one' })).toBe('HELLO')
    const refusal = async (...args: Parameters<typeof ask>): Promise<string> => {
      const error: unknown = await ask(...args).catch((reason: unknown) => reason)
      return (error as TunnelRefusedError).refusal
    }
    expect(await refusal(url, port, { token: 'third' })).toBe('unauthenticated')
    expect(await refusal(url, port)).toBe('unauthenticated')
    expect(await refusal(url, port + 1 & 0xffff, { token: 'first' })).toBe('not-allowed')
    await expect.poll(() => program.errorText).toMatch(/127\.0\.0\.1:\d+ ended, 7 bytes sent, 7 received/)
    expect(program.errorText).toMatch(/refused: The token is missing or wrong/)
    program.child.kill('SIGINT')
    expect(await program.ended).toEqual({ status: 0, signal: null })
  })

  it.each([
    [[], '--allow is missing'], [['--allow', 'nonsense'], 'has no ports'], [['--allow', '*:1', '--rate', 'x'], '--rate'],
    [['--allow', '*:1', '--path', 'x'], '--path'], [['--allow', '*:1', '--idle', 'x'], '--idle'],
    [['--allow', '*:1', '--origin', 'x'], 'is no origin'], [['--allow', '*:1', 'more'], 'one argument too many'],
  ])('says what is wrong with %j', async (args, message) => {
    const program = whorl('relay', ...args)
    expect((await program.ended).status).toBe(2)
    expect(program.errorText).toContain(message)
    expect(program.errorText.trim().split('\n')).toHaveLength(1)
  })
})
