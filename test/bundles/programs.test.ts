/**
 * Programs in a bundle: a server and a client on Node, and two protocols on a MessageChannel in a page of Chromium.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, describe, it } from 'vitest'
import { Browser } from '../hosts/web/browser.js'
import { bundle, BUNDLERS } from './bundlers.js'

const folder = mkdtempSync(join(tmpdir(), 'whorl-programs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

/** Both sides, and how they say what they heard. */
const PROTOCOLS = `
  class Asking extends LineReceiver {
    connectionMade() { this.sendLine('who is there?') }
    lineReceived(line) { told(line) }
  }
  class Answering extends LineReceiver {
    lineReceived(line) { this.sendLine(line.toUpperCase() + ' a bundle') }
  }`

const ON_NODE = `
  import { ClientFactory, Factory, LineReceiver, reactor } from 'whorl'
  ${PROTOCOLS}
  function told(line) {
    console.log(line)
    reactor.stop()
  }
  const port = reactor.listenTCP(0, Factory.forProtocol(Answering), { interface: '127.0.0.1' })
  port.ready.then(() => reactor.connectTCP('127.0.0.1', port.getHost().port, ClientFactory.forProtocol(Asking)))
  await reactor.run()`

const IN_PAGE = `
  import { LineReceiver, reactor } from 'whorl'
  import { fromMessagePort } from 'whorl/web'
  ${PROTOCOLS}
  function told(line) { fetch('/told', { method: 'POST', body: line }) }
  const { port1, port2 } = new MessageChannel()
  reactor.run()
  fromMessagePort(port1, { reactor, protocol: new Answering() })
  fromMessagePort(port2, { reactor, protocol: new Asking() })`

/** What a module tells that is shown in a page. */
async function toldBy(code: string): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const told = new Promise<string>((resolve) => server.on('request', (request, response) => {
    if (request.url === '/program.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(code)
    else if (request.url === '/told') {
      let body = ''
      request.on('data', (data) => { body += String(data) }).on('end', () => resolve(body))
    } else {
      response.writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>bundle</title><script type="module" src="/program.js"></script>')
    }
  }))
  const browser = new Browser(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    mkdtempSync(join(folder, 'browser-')))
  try {
    return await Promise.race([told, browser.ended.then((errors) => `Chromium has ended: ${errors}`)])
  } finally {
    await browser.close()
    server.closeAllConnections()
    server.close()
  }
}

describe.each(Object.keys(BUNDLERS))('%s', (bundler) => {
  it('makes a program for Node that talks TCP', async () => {
    const { code } = await bundle(bundler, ON_NODE, 'node')
    const file = join(folder, `${bundler}.mjs`)
    writeFileSync(file, code)
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 60_000 })).toBe('WHO IS THERE? a bundle\n')
  })

  it('makes a program for a page, which needs nothing of Node', async () => {
    const { code } = await bundle(bundler, IN_PAGE, 'browser')
    expect(code).not.toMatch(/["']node:|\brequire\(/)
    expect(await toldBy(code)).toBe('WHO IS THERE? a bundle')
  })
})
