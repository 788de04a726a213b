/**
 * Runs inside a bare context: all suites, with each reactor's messages going out under the number of the reactor.
 *
 * Owns: the numbers. Must not know: what kind of context it is; `Embedder` is all that is passed into it.
 */
import { createReactor } from 'whorl/none'
import type { EmbeddedReactor, NoneReactorOptions } from 'whorl/none'
import type { Lab } from '../../../contract/contract.js'
import { suites } from '../../../contract/index.js'
import { runSuites } from '../../../contract/run.js'
import { noneHost } from './host.js'

/** What is passed in: functions of numbers, texts and Uint8Arrays only. */
export interface Embedder {
  now(): number
  /** `turn(reactor)` is wanted in so many ms. */
  wake(reactor: number, delayMs: number): void
  send(reactor: number, batch: Uint8Array): void
  /** A number from 0 to 255. */
  random(): number
  log(text: string): void
  /** The report, as JSON, and the end. */
  report(json: string): void
}

const reactors: EmbeddedReactor[] = []

/** @param told JSON: the lab, and suites by name if not all of them are to be run */
export function start(
  told: string, embedder: Embedder, core: Pick<NoneReactorOptions, 'module' | 'instantiate'>, version: string): void {
  const { lab, only } = JSON.parse(told) as { lab: Lab, only?: readonly string[] }
  const host = noneHost(version, lab, () => {
    const id = reactors.length
    const reactor = createReactor({
      ...core, now: () => embedder.now(), wallClock: () => Date.now(),
      wake: (delayMs) => embedder.wake(id, delayMs),
      send: (batch) => embedder.send(id, batch),
      entropy: (bytes) => {
        for (let i = 0; i < bytes.length; i++) bytes[i] = embedder.random()
      },
      log: (text) => embedder.log(text),
    })
    reactors.push(reactor)
    return reactor
  })
  const chosen = only === undefined ? suites : suites.filter((suite) => only.includes(suite.name))
  runSuites(host, chosen, ({ suite, way, name, outcome }) => {
    if (outcome === 'failed') embedder.log(`failed: ${suite} ${way ?? ''} ${name}\n`)
  }).then((report) => embedder.report(JSON.stringify(report)), (error: unknown) => {
    embedder.log(error instanceof Error ? String(error.stack) : String(error))
    embedder.report('null')
  })
}

export function turn(reactor: number): number {
  return reactors[reactor]!.turn()
}

export function receive(reactor: number, batch: Uint8Array): number {
  return reactors[reactor]!.receive(batch)
}

export const reactorCount = (): number => reactors.length
