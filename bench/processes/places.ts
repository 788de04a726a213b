/**
 * Where the servers of the benchmarks listen, and what they show: one description that servers write and the client
 * reads.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What carries the bytes. */
export type Kind = 'tcp' | 'tls' | 'unix' | 'udp'

/** Where a server is reached. */
export type Target =
  | { readonly kind: 'tcp' | 'tls' | 'udp', readonly port: number }
  | { readonly kind: 'unix', readonly path: string }

/** The kind that a server process was started for. */
export function askedKind(): Kind {
  return (process.argv[2] ?? 'tcp') as Kind
}

/** A path for a UNIX socket of this process, which takes it away when it ends. */
export function socketPath(): string {
  const path = join(tmpdir(), `whorl-bench-${process.pid}.sock`)
  process.on('exit', () => rmSync(path, { force: true }))
  return path
}

/** The certificate of the tests, with its key, as PEM. */
export function identity(): { cert: string, key: string } {
  return { cert: vector('localhost.pem'), key: vector('localhost.key') }
}

/** The folder of the certificates. */
export function vectorPath(name: string): string {
  const path = join(process.cwd(), 'test', 'vectors', 'tls', name)
  if (!existsSync(path)) throw new Error(`${name} is missing: run the benchmarks from the project's folder`)
  return path
}

function vector(name: string): string {
  return readFileSync(vectorPath(name), 'utf8')
}
