/**
 * The switchboard's page in a browser: two people in browsers and one with a plain socket talk with each other, and the
 * page shows what the reactor does. Pictures of it are left in build/artefacts/.
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { build } from '../../scripts/build.mjs'
import { Browser, chromium } from './chromium.js'
import type { Page } from './chromium.js'
import { describeWith, Program } from './programs.js'
import { Switchboard, Visitor } from './switchboard.js'

const DESKTOP = { width: 1280, height: 800, dark: false }
const PHONE = { width: 390, height: 844, dark: true }
const servers: Server[] = []

beforeAll(() => build(), 300_000)
afterEach(async () => {
  Visitor.closeAll()
  await Browser.killAll()
  await Program.killAll()
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
}, 60_000)

/** Comes in with a nickname, as one who only has a keyboard: the form has the focus. */
async function enters(page: Page, nick: string): Promise<void> {
  await page.shows('#status', 'connected')
  expect(await page.value('document.activeElement.id')).toBe('say')
  expect(await page.text('#say-label')).toBe('Your nickname')
  await page.types(nick)
  await page.shows('#status', `in the chat as ${nick}`)
  await page.shows('#say-label', 'Say something')
}

/** Cells of the table of connections. */
function table(page: Page): Promise<string[][]> {
  return page.value('[...document.querySelectorAll("#connections tr")].map((row) => ' +
    '[...row.cells].map((cell) => cell.textContent))')
}

/** Points of one curve. */
const points = (name: string): string => `document.querySelector("polyline.${name}")?.getAttribute("points").split(" ")`

/** Passes connections on to a port, or cuts them off: a network with faults. */
async function faulty(port: number): Promise<{ port: number, fail: () => void, heal: () => void }> {
  const sockets = new Set<Socket>()
  let isBroken = false
  const server = createServer((socket) => {
    const other = connect(port, '127.0.0.1')
    for (const one of [socket, other]) {
      sockets.add(one)
      one.on('error', () => undefined).on('close', () => {
        sockets.delete(one)
        socket.destroy()
        other.destroy()
      })
    }
    if (isBroken) socket.destroy()
    else socket.pipe(other).pipe(socket)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    fail: () => {
      isBroken = true
      for (const socket of sockets) socket.destroy()
    },
    heal: () => { isBroken = false },
  }
}

describeWith(chromium(), 'the page of the switchboard', (command) => {
  it('two browsers and a plain socket talk, and both pages show what the reactor does', async () => {
    const board = await Switchboard.start()
    const browser = new Browser(command)
    const ada = await browser.open(board.page, DESKTOP)
    const bob = await browser.open(board.page, PHONE)
    const carol = await Visitor.named('carol', board.chat)
    await enters(ada, 'ada')
    await enters(bob, 'bob')
    await carol.sees('* ada joined\r\n* bob joined\r\n')
    await ada.shows('#log', '* bob joined')

    // All of the page is reached by keyboard: forth to what scrolls, and back.
    const reached: string[] = []
    for (let i = 0; i < 2; i++) {
      await ada.presses('Tab', '', 9)
      reached.push(await ada.value('document.activeElement.id || document.activeElement.className'))
    }
    expect(reached).toEqual(['send', 'scroll'])
    await ada.value('document.querySelector(".skip").focus()')
    await ada.presses('Enter', '\r', 13)
    await ada.until('document.activeElement.id === "say"')

    await ada.types('hello from <b>ada</b> & "co"')
    await bob.shows('#log', 'hello from <b>ada</b> & "co"')
    await carol.sees('<ada> hello from <b>ada</b> & "co"\r\n')
    await bob.types('hello from bob 😀')
    await ada.shows('#log', 'hello from bob 😀')
    await carol.sees('<bob> hello from bob 😀\r\n')
    carol.says('hello from nc')
    for (const page of [ada, bob]) await page.shows('#log', 'hello from nc')
    expect(await ada.value('[...document.querySelectorAll("#log .said")].map((one) => ' +
      '[...one.querySelector(".text").childNodes].map((node) => node.textContent))'))
      .toEqual([['bob', 'hello from bob 😀'], ['carol', 'hello from nc']])
    await ada.shows('#log .own', 'hello from <b>ada</b>')
    await bob.types('/nick robert')
    await bob.shows('#status', 'in the chat as robert')
    await ada.types('/who')
    await ada.shows('#log', 'Here: carol, ada, robert')

    // The connections, as the operating system knows them.
    const { localPort } = carol.socket
    await ada.until(`${points('in')}?.length >= 3 && ${points('out')}?.length >= 3`)
    await ada.until('document.querySelectorAll("#connections tr").length >= 5')
    const rows = await table(ada)
    const [peer, protocol, received, sent, age] = rows.find((row) => row[0] === `127.0.0.1:${localPort}`)!
    expect(protocol).toBe('chat')
    expect([received, sent]).toEqual([expect.stringMatching(/^\d+ B$/), expect.stringMatching(/^\d+ B$/)])
    expect([peer, age]).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/), expect.stringMatching(/^\d+ (?:s|min)$/)])
    const kinds = rows.map((row) => row[1])
    expect(kinds.filter((one) => one === 'chat in a browser')).toHaveLength(2)
    expect(kinds.filter((one) => one === 'live view')).toHaveLength(2)
    expect(Number(await ada.text('#count'))).toBeGreaterThanOrEqual(5)
    expect(await ada.text('#nc')).toBe(`nc 127.0.0.1 ${board.chat}`)
    expect(await ada.text('#rate-out')).toMatch(/^[\d.]+ (?:B|KiB)\/s$/)

    // A burst shows: 200,000 bytes there and back.
    const echo = new Visitor(board.echo)
    echo.socket.write(`${'x'.repeat(199_999)}\n`)
    await echo.sees('\n')
    await ada.shows('#total', 'KiB')
    await ada.until('parseFloat(document.querySelector("#total").textContent) > 390')
    // What has ended still counts.
    echo.socket.end()
    await echo.closed
    await ada.until(`![...document.querySelectorAll("#connections td")].some((one) => one.textContent === "Echo")`)
    await ada.until('parseFloat(document.querySelector("#total").textContent) > 390')

    for (const [page, name, { width, height }] of
      [[ada, 'switchboard-desktop', DESKTOP], [bob, 'switchboard-phone', PHONE]] as const) {
      // Nothing is wider than the screen.
      expect(await page.value('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      const png = await page.screenshot(name)
      expect(png.subarray(1, 4).toString()).toBe('PNG')
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([width, height])
    }
    await bob.value('document.querySelector(".connections").scrollIntoView()')
    await bob.screenshot('switchboard-phone-connections')
    for (const page of [ada, bob]) {
      expect(page.complaints).toEqual([])
      expect(page.requests.length).toBeGreaterThanOrEqual(5)
      expect(page.requests.filter((url) => !url.replace(/^ws/, 'http').startsWith(board.page))).toEqual([])
    }

    // Ctrl-C with browsers attached: all hear of it, and nothing is waited for.
    expect(await board.stop('SIGINT')).toEqual({ status: 0, signal: null })
    for (const page of [ada, bob]) {
      await page.shows('#log', '* The switchboard is closing. Goodbye.')
      await page.shows('#status', 'disconnected; trying again…')
    }
    await carol.sees('* The switchboard is closing. Goodbye.\r\n')
    expect(board.program.errorText).toBe('')
  }, 120_000)

  it('a page whose network fails comes back by itself, and into the chat under its name', async () => {
    const board = await Switchboard.start()
    const { port, fail, heal } = await faulty(board.web)
    const browser = new Browser(command)
    const ada = await browser.open(`http://127.0.0.1:${port}/`, { ...DESKTOP, dark: true })
    const carol = await Visitor.named('carol', board.chat)
    // Who is in the chat already cannot be impersonated.
    await ada.shows('#status', 'connected')
    await ada.types('Carol')
    await ada.shows('#log', 'The nickname Carol is taken. Another?')
    await enters(ada, 'ada')
    await carol.sees('* ada joined\r\n')
    await ada.screenshot('switchboard-dark')
    fail()
    await ada.shows('#status', 'disconnected; trying again…')
    await carol.sees('* ada lost the connection\r\n')
    heal()
    await ada.shows('#status', 'in the chat as ada')
    await carol.sees('* ada joined\r\n')
    await ada.types('here again')
    await carol.sees('<ada> here again\r\n')
    // Whoever leaves is not brought back, and may come back.
    await ada.types('/quit bye')
    await carol.sees('* ada left: bye\r\n')
    await ada.shows('#log', 'Goodbye.')
    await enters(ada, 'ida')
    await carol.sees('* ida joined\r\n')
    // The browser tells of connections that failed; of nothing else.
    expect(ada.complaints.filter((one) => !/WebSocket connection to .* failed/.test(one))).toEqual([])
    // A page of another origin gets no WebSocket.
    const other = await browser.open('about:blank', PHONE)
    expect(await other.value(`new Promise((resolve) => {
      const socket = new WebSocket('ws://127.0.0.1:${board.web}/live')
      socket.onopen = () => resolve('open')
      socket.onerror = () => resolve('refused')
    })`)).toBe('refused')
    expect(board.program.errorText).toBe('')
  }, 120_000)
})
