/**
 * What the launcher tells a page. Types only.
 */
import type { Lab, PeerName } from '../../../contract/contract.js'

/** A row of the matrix. */
export interface Setup {
  readonly row: string
  /** Where the suites run. */
  readonly place: 'page' | 'worker'
  /** Whether the page's policy lets it have WebAssembly. */
  readonly wasm: boolean
  readonly lab: Lab
  /** Of the relay; a path of the page's own server. */
  readonly relay: string
  readonly token: string
  /** WebSocket servers, one for each behaviour. */
  readonly webSocketPorts: Readonly<Record<PeerName, number>>
  /** Answers lines: `add 1 2` with `3`; a plain server of node:net. */
  readonly linePort: number
  /** Suites by name; all if not given. */
  readonly only?: readonly string[]
}
