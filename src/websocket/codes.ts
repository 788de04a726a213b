/**
 * Close codes: what they are called, which of them a close frame may hold, and what goes with them.
 *
 * Owns: the table. Must not know: who closes. Source: RFC 6455, 5.5.1 and 7.4; the IANA registry of close codes.
 *
 *   0–999        never used                          1004, 1005, 1006, 1015   never in a frame
 *   1000–2999    the protocol's: those registered    3000–3999   libraries' (IANA)    4000–4999   applications'
 */

/** Close codes by name. */
export const CLOSE = Object.freeze({
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  /** What a close frame without a code counts as; never sent. */
  none: 1005,
  /** The connection ended without a close frame; never sent. */
  abnormal: 1006,
  invalidPayload: 1007,
  policyViolation: 1008,
  tooBig: 1009,
  mandatoryExtension: 1010,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  badGateway: 1014,
})

/** Bytes of a reason, in UTF-8: what a control frame has besides the code. */
export const LONGEST_REASON = 123

/** Whether a close frame may hold this code. */
export function maySend(code: number): boolean {
  return Number.isInteger(code) && ((code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999))
}

/**
 * The payload of a close frame.
 *
 * @param code undefined: an empty payload, which counts as 1005
 * @throws RangeError for a code that no close frame may hold, or a reason of more than 123 bytes; TypeError for a
 * reason without a code
 */
export function closePayload(
  code: number | undefined, reason: string, encode: (text: string) => Uint8Array): Uint8Array {
  if (typeof reason !== 'string') throw new TypeError(`a reason is text, not ${String(reason)}`)
  if (code === undefined) {
    if (reason !== '') throw new TypeError('a reason needs a code beside it')
    return new Uint8Array(0)
  }
  if (!maySend(code)) {
    throw new RangeError(
      `a close frame cannot hold ${String(code)}: 1000 to 1003, 1007 to 1014 and 3000 to 4999 may be sent`)
  }
  const text = reason === '' ? null : encode(reason)
  if (text !== null && text.length > LONGEST_REASON) {
    throw new RangeError(`a reason has ${LONGEST_REASON} bytes of UTF-8 at most, this one ${text.length}`)
  }
  const payload = new Uint8Array(2 + (text?.length ?? 0))
  payload[0] = code >> 8
  payload[1] = code & 0xff
  if (text !== null) payload.set(text, 2)
  return payload
}

/** A reason that fits, cut at the end of a character. */
export function fittingReason(reason: string, encode: (text: string) => Uint8Array): string {
  let text = reason
  while (encode(text).length > LONGEST_REASON) text = Array.from(text).slice(0, -1).join('')
  return text
}
