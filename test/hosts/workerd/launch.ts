/**
 * Runs the suites in workerd: in one event of a worker, and in a Durable Object.
 */
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import type { Launcher } from '../runner/launcher.js'
import { parseReport } from '../runner/report.js'
import type { Told } from './in-host/main.js'
import { collectModules } from './modules.js'
import { startWorkerd } from './server.js'

const VERSION = '1.20261117.1'
const SPEC = `@cloudflare/workerd-linux-${process.arch === 'arm64' ? 'arm64' : '64'}@${VERSION}`
const ENTRY = 'build/js/test/hosts/workerd/in-host/main.js'

/** The network lets nobody at loopback unless it is told to, and trusts whom it is told to. */
function configuration(modules: readonly string[]): string {
  const listed = modules.map((name) => `    (name = "${name}", ${name.endsWith('.wasm') ? 'wasm' : 'esModule'} = ` +
    `embed "modules/${name}")`)
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["public", "private", "local"],
      tlsOptions = (trustedCertificates = [embed "ca.pem"]))),
  ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ],
);

const main :Workerd.Worker = (
  modules = [
${listed.join(',\n')}
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [ (className = "Suites", uniqueKey = "suites") ],
  durableObjectStorage = (inMemory = void),
  bindings = [ (name = "SUITES", durableObjectNamespace = "Suites") ],
);
`
}

function post(port: number, body: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, method: 'POST', signal }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk)).once('error', reject)
        .once('end', () => response.statusCode === 200 ? resolve(text)
          : reject(new Error(`the worker answered ${response.statusCode}: ${text.slice(0, 2000)}`)))
    })
    asking.once('error', reject).end(body)
  })
}

function workerd(name: string, inObject: boolean): Launcher {
  return {
    name,
    npm: [SPEC],
    async launch({ root, packages, scratch, lab, signal, log }) {
      const modules = collectModules(root, ENTRY, join(scratch, 'modules'))
      writeFileSync(join(scratch, 'ca.pem'), lab.ca)
      writeFileSync(join(scratch, 'config.capnp'), configuration(modules))
      const running = await startWorkerd(join(packages.get(SPEC)!, 'bin/workerd'), join(scratch, 'config.capnp'),
        ['http'], { log, cwd: scratch })
      try {
        const told: Told = { lab, version: VERSION, inObject }
        return parseReport(await Promise.race([
          post(running.ports.get('http')!, JSON.stringify(told), signal), running.died]))
      } finally {
        await running.close()
      }
    },
  }
}

export const launchers: readonly Launcher[] = [workerd('workerd', false), workerd('workerd-object', true)]
