/**
 * Accept-Encoding: which content coding a response is to have.
 *
 * Owns: the field's grammar, and the choice. Must not know: how anything is compressed.
 *
 *   Accept-Encoding = #( ( content-coding / "identity" / "*" ) [ OWS ";" OWS "q=" qvalue ] )
 *
 * Source: RFC 9110, 12.5.3 and 12.4.2.
 */

const ELEMENT = /^([!#$%&'*+\-.^_`|~\w]+)(?:[\t ]*;[\t ]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i

/** What was chosen. */
export interface CodingChoice<C extends string> {
  /** Null for none. */
  readonly coding: C | null
  /** Whether it will not do to send the response as it is: `identity;q=0`. */
  readonly isForced: boolean
}

/**
 * @param value of the field; null if there is none, which means that nothing is asked for
 * @param available the best first: that decides between those which the peer likes equally
 * @returns null if nothing at all is acceptable
 */
export function chooseCoding<C extends string>(value: string | null, available: readonly C[]): CodingChoice<C> | null {
  if (value === null) return { coding: null, isForced: false }
  const weights = parseWeights(value)
  const others = weights.get('*')
  let best: C | null = null
  let bestWeight = 0
  for (const coding of available) {
    const weight = weights.get(coding) ?? others ?? 0
    if (weight > bestWeight) [best, bestWeight] = [coding, weight]
  }
  const plain = weights.get('identity') ?? others
  const isForced = plain === 0
  // Named by nobody it is acceptable, but what is named is liked better.
  if (best !== null && bestWeight >= (weights.get('identity') ?? 0)) return { coding: best, isForced }
  return isForced ? null : { coding: null, isForced: false }
}

/** Weights by name in lower case; elements that are malformed do not count. */
export function parseWeights(value: string): Map<string, number> {
  const weights = new Map<string, number>()
  for (const element of value.split(',')) {
    const match = ELEMENT.exec(element.trim())
    if (match === null) continue
    const name = match[1]!.toLowerCase()
    // RFC 9110, 8.4.1.3: an old name of the same thing.
    weights.set(name === 'x-gzip' ? 'gzip' : name, match[2] === undefined ? 1 : Number(match[2]))
  }
  return weights
}
