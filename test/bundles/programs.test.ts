/**
 * Programs in a bundle: a server and a client on Node, and two protocols on a MessageChannel in a page of Chromium.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAst } from 'rollup/parseAst'
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

/** Tells what goes wrong, too: nobody waits for a program that has failed, or whose imports a page has not. */
const PAGE = `<!doctype html><title>bundle</title><script>
  const failed = (what) => fetch('/told', { method: 'POST', body: 'the page failed: ' + what })
  addEventListener('error', (event) => failed(event.message ?? 'a script could not be loaded'), true)
  addEventListener('unhandledrejection', (event) => failed(event.reason))
</script><script type="module" src="/program.js"></script>`

/** Modules that a bundle still imports, and what Vite puts in the place of one of Node's. */
function outsideOf(code: string): string[] {
  const found = new Set<string>(code.match(/Module "[^"]*" has been externalized|\brequire\(/g))
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { type, source } = node as { type?: string; source?: { value?: unknown } | null }
    if (/^(?:Import|Export)/.test(type ?? '') && source) found.add(String(source.value ?? 'what is computed'))
    Object.values(node).forEach(visit)
  }
  visit(parseAst(code))
  return [...found]
}

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
        .end(PAGE)
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
    const printed = execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 60_000 })
    expect(printed).toBe('WHO IS THERE? a bundle\n')
  })

  it('makes a program for a page, which needs nothing of Node', async () => {
    const { code } = await bundle(bundler, IN_PAGE, 'browser')
    expect(outsideOf(code)).toEqual([])
    expect(await toldBy(code)).toBe('WHO IS THERE? a bundle')
  })
})
