/**
 * Every limit that a gateway sets to who is embedded. Must not know: what is counted where.
 */

/** What an embedded program may take of its embedder. */
export interface GatewayLimits {
  /** Connections, ports, attempts and questions for names that are open at once; 128 if not given. */
  readonly handles: number
  /** Bytes that may be on their way to the network, for each connection and each UDP port; 65,536 if not given. */
  readonly window: number
  /** Messages that are handled in one turn of the reactor; the others wait for the next. 256 if not given. */
  readonly messages: number
  /**
   * Bytes of messages that may wait for their turn. If not given, more than a program needs that keeps to its windows:
   * `handles × (window + 4,096)`, plus 1 MiB.
   */
  readonly queued: number
}

const DEFAULTS = { handles: 128, window: 65_536, messages: 256 }

/** Bytes that messages of one handle take besides what its window counts. */
const BESIDES = 4_096
const SPARE = 1_048_576

/** Bytes that may be sent to one handle without an answer, whatever it says. */
export const MOST_CREDIT = 67_108_864

/** @throws RangeError for what is no whole number above 0, TypeError for a limit that is unknown */
export function gatewayLimits(given: Partial<GatewayLimits> = {}): GatewayLimits {
  const base = { ...DEFAULTS, ...given }
  const limits = { queued: base.handles * (base.window + BESIDES) + SPARE, ...base }
  for (const [name, value] of Object.entries(limits)) {
    if (name !== 'queued' && !(name in DEFAULTS)) throw new TypeError(`a gateway has no limit ${name}`)
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`${name} is a whole number above 0, not ${value}`)
    }
  }
  if (limits.window > MOST_CREDIT) throw new RangeError(`a window has at most ${MOST_CREDIT} bytes`)
  return limits
}
