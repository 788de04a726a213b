/**
 * Runs suites inside a host and reports.
 *
 * Owns: which cases are run, the deadline of each, and that one which hangs or throws does not end the others. Must
 * not know: any host, any runner; the only clock is a reactor of the host's.
 */
import type {
  CaseContext, CaseResult, ContractCase, ContractHost, ContractSuite, HostReport, StreamWay,
} from './contract.js'

/** Real milliseconds that a case may take. */
const DEADLINE = 20_000

/**
 * Runs every case that the host can run.
 * @param tell called after each, to see where one is
 * @param deadline ms that each may take, by the host's own clock
 */
export async function runSuites(
  host: ContractHost, suites: readonly ContractSuite[], tell: (result: CaseResult) => void = () => undefined,
  deadline = DEADLINE,
): Promise<HostReport> {
  const results: CaseResult[] = []
  for (const suite of suites) {
    const ways: (StreamWay | undefined)[] = suite.perWay === true ? [...host.ways] : [undefined]
    if (ways.length === 0) {
      for (const one of suite.cases) {
        results.push({ suite: suite.name, name: one.name, outcome: 'declared', detail: 'streams: there are none here' })
      }
    }
    for (const way of ways) {
      for (const one of suite.cases) {
        const why = declared(host, way, one)
        const result: CaseResult = {
          suite: suite.name, name: one.name, ...way === undefined ? {} : { way: way.name },
          ...why === null ? await runCase(host, way, one, deadline) : { outcome: 'declared', detail: why },
        }
        results.push(result)
        tell(result)
      }
    }
  }
  return { host: host.name, version: host.version, capabilities: host.capabilities, results }
}

/** Why a case is not for this host; null if it is. */
function declared(host: ContractHost, way: StreamWay | undefined, one: ContractCase): string | null {
  for (const capability of one.needs ?? []) {
    const has = host.capabilities[capability]
    if (has !== true) return `${capability}: ${has}`
  }
  for (const trait of one.traits ?? []) {
    const has = way?.traits[trait]
    if (has !== true) return `${trait}: ${has}`
  }
  if (one.reaches === true && host.reach === undefined) return 'streams: none reaches the lab'
  const lacks = one.build === undefined ? undefined : host.builds?.[one.build]
  if (lacks !== undefined) return `${one.build}: ${lacks}`
  for (const detail of one.tls ?? []) {
    const why = host.tlsLacks?.[detail]
    if (why !== undefined) return `${detail}: ${why}`
  }
  const lack = one.lacks?.(host) ?? null
  if (lack !== null) return lack
  if (one.refusable === true && way?.refused === undefined) return 'refused: with this way there is always somebody'
  return one.listens === true && way?.server === undefined ? 'listen: this way only connects' : null
}

async function runCase(
  host: ContractHost, way: StreamWay | undefined, one: ContractCase, deadline: number,
): Promise<Pick<CaseResult, 'outcome' | 'detail'>> {
  const cleanups: (() => unknown)[] = []
  const reactor = host.createReactor()
  let expire: (error: Error) => void = () => undefined
  const overdue = new Promise<never>((_resolve, reject) => {
    expire = reject
  })
  overdue.catch(() => undefined)
  const alarm = reactor.callLater(deadline, () => expire(new Error(`not over after ${deadline} ms`)))
  let outcome: Pick<CaseResult, 'outcome' | 'detail'> = { outcome: 'passed' }
  const context: CaseContext = {
    host, reactor, cleanup: (fn) => void cleanups.push(fn),
    get way() {
      if (way === undefined) throw new Error('this suite is not one of streams')
      return way
    },
  }
  try {
    await Promise.race([Promise.resolve(one.run(context)), overdue])
  } catch (error) {
    outcome = { outcome: 'failed', detail: describe(error) }
  }
  if (alarm.active()) alarm.cancel()
  for (const fn of cleanups.reverse()) {
    try {
      await fn()
    } catch (error) {
      if (outcome.outcome === 'passed') outcome = { outcome: 'failed', detail: `while cleaning up: ${describe(error)}` }
    }
  }
  // What a case that failed half way has left open must not be felt by the next.
  for (const transport of reactor.openTransports()) transport.abortConnection()
  for (const call of reactor.getDelayedCalls()) call.cancel()
  return outcome
}

function describe(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const { stack, message } = error as { stack?: string, message?: string }
  return stack?.includes(String(message)) === true ? stack : `${String(message)}\n${stack ?? ''}`
}
