/**
 * Runs the suites in workerd: in one event of a worker, and in a Durable Object; and workers that are connected to.
 */
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import type { Launcher } from '../runner/launcher.js'
import { parseReport } from '../runner/report.js'
import type { Told } from './in-host/main.js'
import { collectModules } from './modules.js'
import { ownSuites } from './own.js'
import { startWorkerd } from './server.js'

const VERSION = '1.20261117.1'
const SPEC = `@cloudflare/workerd-linux-${process.arch === 'arm64' ? 'arm64' : '64'}@${VERSION}`
const COMPILED = 'build/js'
const SUITES = `${COMPILED}/test/hosts/workerd/in-host/main.js`
const INBOUND = `${COMPILED}/test/hosts/workerd/in-host/inbound.js`
const CHAT = `${COMPILED}/examples/snippets/workerd-chat.js`

/** Where suites in a Durable Object listen, one after the other. */
const INBOUND_SOCKETS = Array.from({ length: 8 }, (_, i) => `inbound-${i}`)

/** A worker of a configuration. */
interface Worker {
  readonly name: string
  /** First the one that exports the handlers. */
  readonly modules: readonly string[]
  /** What it connects through, if not 'internet'. */
  readonly network?: string
  /** A class of Durable Objects, and the binding that it is reached by. */
  readonly object?: { readonly className: string, readonly binding: string }
}

function describe({ name, modules, object, network = 'internet' }: Worker): string {
  const listed = modules.map((path) =>
    `    (name = "${path}", ${path.endsWith('.wasm') ? 'wasm' : 'esModule'} = embed "modules/${path}")`)
  const objects = object === undefined ? '' : `
  durableObjectNamespaces = [ (className = "${object.className}", uniqueKey = "${object.className}") ],
  durableObjectStorage = (inMemory = void),
  bindings = [ (name = "${object.binding}", durableObjectNamespace = "${object.className}") ],`
  return `const ${name} :Workerd.Worker = (
  modules = [
${listed.join(',\n')}
  ],
  compatibilityDate = "2026-11-01",
  globalOutbound = "${network}",${objects}
);
`
}

/** The network lets nobody at loopback unless it is told to, and trusts whom it is told to. */
function configuration(workers: readonly Worker[], path: string): string {
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
${workers.map(({ name }) => `    (name = "${name}", worker = .${name}),`).join('\n')}
    (name = "internet", network = (allow = ["public", "private", "local"],
      tlsOptions = (trustedCertificates = [embed "ca.pem"]))),
    (name = "trusting-nobody", network = (allow = ["public", "private", "local"], tlsOptions = ())),
  ],
  sockets = [
    (name = "suites", address = "127.0.0.1:0", http = (), service = "suites"),
    (name = "site", address = "127.0.0.1:0", http = (), service = "inbound"),
    (name = "tcp", address = "127.0.0.1:0", tcp = (), service = "inbound"),
    (name = "tls", address = "127.0.0.1:0", service = "inbound",
      tcp = (tlsOptions = (keypair = (privateKey = embed "key.pem", certificateChain = embed "certificate.pem")))),
    (name = "unix", address = "unix:${path}", tcp = (), service = "inbound"),
${INBOUND_SOCKETS.map((name) =>
    `    (name = "${name}", address = "127.0.0.1:0", tcp = (), service = "suites"),`).join('\n')}
    (name = "chat", address = "127.0.0.1:0", tcp = (), service = "chat"),
    (name = "chat-site", address = "127.0.0.1:0", http = (), service = "chat"),
  ],
);

${workers.map(describe).join('\n')}`
}

const SOCKETS = ['suites', 'site', 'tcp', 'tls', 'chat', 'chat-site', ...INBOUND_SOCKETS]

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
      const collect = (entry: string): string[] => collectModules(root, entry, join(scratch, 'modules'))
      for (const [file, text] of Object.entries({ ca: lab.ca, key: lab.key, certificate: lab.certificate })) {
        writeFileSync(join(scratch, `${file}.pem`), text)
      }
      const [config, path] = [join(scratch, 'config.capnp'), join(scratch, 'in.sock')]
      writeFileSync(config, configuration([
        { name: 'suites', modules: collect(SUITES), object: { className: 'Suites', binding: 'SUITES' } },
        { name: 'inbound', modules: collect(INBOUND), network: 'trusting-nobody' },
        { name: 'chat', modules: collect(CHAT), object: { className: 'Room', binding: 'ROOM' } },
      ], path))
      const program = join(packages.get(SPEC)!, 'bin/workerd')
      const running = await startWorkerd(program, config, SOCKETS, { log, cwd: scratch })
      try {
        const ports = INBOUND_SOCKETS.map((socket) => running.ports.get(socket)!)
        const told: Told = { lab, version: VERSION, inObject, ports }
        const asked = post(running.ports.get('suites')!, JSON.stringify(told), signal)
        const report = parseReport(await Promise.race([asked, running.died]))
        if (inObject) return report
        const own = await Promise.race([ownSuites({ ports: running.ports, path, lab }), running.died])
        return { ...report, results: [...report.results, ...own] }
      } finally {
        await running.close()
      }
    },
  }
}

export const launchers: readonly Launcher[] = [workerd('workerd', false), workerd('workerd-object', true)]
