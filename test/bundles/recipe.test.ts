/**
 * The line that a failing simulation prints, run as it stands by somebody who has nothing but the package: packed by
 * npm, unpacked into an empty project.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, describe, expect, it } from 'vitest'
import { appPlace } from './place.js'

const folder = mkdtempSync(join(appPlace, 'recipe of a simulation-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A client asks again when no answer has come, and the server adds again. */
const SCENARIO = `
import { ClientFactory, Deferred, Factory, LineReceiver } from 'whorl'

class Counter extends LineReceiver {
  lineReceived(line) {
    this.factory.sum += Number(line)
    this.sendLine('added')
  }
}

export const options = { until: 30_000, faults: { every: 1_000, kinds: ['partition', 'slow', 'reset'] } }

export async function scenario(simulation) {
  const factory = Factory.forProtocol(Counter)
  factory.sum = 0
  simulation.host('counter', ({ reactor }) => void reactor.listenTCP(7000, factory))
  const done = new Deferred()
  simulation.host('client', ({ reactor }) => {
    let left = 10
    const add = () => {
      if (left <= 0) return done.callback(undefined)
      const asking = new ClientFactory()
      asking.buildProtocol = () => {
        const line = new LineReceiver()
        line.connectionMade = () => line.sendLine('1')
        line.lineReceived = () => {
          left -= 1
          line.transport.loseConnection()
        }
        reactor.callLater(500, () => line.transport.abortConnection())
        return line
      }
      reactor.connectTCP('counter', 7000, asking)
      reactor.callLater(1_000, add)
    }
    add()
  })
  await simulation.settle(done)
  if (factory.sum !== 10) throw new Error('10 additions made ' + factory.sum)
}
`

const SEARCH = `
import { simulate } from 'whorl/testing'
try {
  await simulate(200, new URL('./scenario.js', import.meta.url), { latency: [1, 40], workers: 2 })
} catch ({ name, message, digest }) {
  console.log(JSON.stringify({ name, message, digest }))
}
`

/** Runs it in the project, from elsewhere. */
function node(name: string, source: string): Promise<{ status: unknown, stdout: string, stderr: string }> {
  const file = join(folder, name)
  writeFileSync(file, source)
  const { NODE_OPTIONS: _options, ...env } = process.env
  return new Promise((resolve) => {
    execFile(process.execPath, [file], { cwd: tmpdir(), env }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : error.code, stdout, stderr })
    })
  })
}

describe('the line that a failing simulation prints', () => {
  it('fails in the same way, with the same digest, in an empty project', async () => {
    writeFileSync(join(folder, 'scenario.js'), SCENARIO)
    const { stdout, stderr } = await node('search.js', SEARCH)
    expect(stderr).toBe('')
    const { name, message, digest } = JSON.parse(stdout) as { name: string, message: string, digest: string }
    expect(name).toBe('SimulationFailure')
    expect(digest).toMatch(/^[0-9a-f]{32}$/)
    const [failure] = /Error: 10 additions made \d+/.exec(message)!
    const line = message.split('\n').at(-1)!
    expect(line).toMatch(/^await \(await import\('whorl\/testing'\)\)\.repeat\(new URL\("file:.*\), \{ seed: \d+, /)
    expect(line).toContain('latency: [1, 40]')
    // Another latency is another run: the digest tells.
    const [again, other] = await Promise.all([
      node('again.js', line), node('other.js', line.replace('[1, 40]', '[1, 41]')),
    ])
    expect(again.status).toBe(1)
    expect(again.stderr).toContain(failure)
    expect(again.stderr).toContain(`digest: '${digest}'`)
    expect(other.stderr).not.toContain(digest)
  })
})
