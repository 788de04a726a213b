/** Signals, as the guide to transports shows them: read the settings again at SIGHUP. */
import type { IReactorCore } from 'whorl'

interface SignalReactor extends IReactorCore {
  onSignal(signal: string, fn: () => void): () => void
}

export function reloadAtHangup(reactor: SignalReactor, reload: () => void): void {
  const forget = reactor.onSignal('SIGHUP', reload)
  reactor.addSystemEventTrigger('after', 'shutdown', forget)
}
