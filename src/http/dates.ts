/**
 * Dates as HTTP writes them.
 *
 * Owns: the preferred form, and reading all three. Must not know: what the time is. Source: RFC 9110, 5.6.7.
 */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const LONG_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY = 86_400_000
/** The last moment that has a year of four digits. */
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

const pad = (number: number): string => number < 10 ? `0${number}` : String(number)

/**
 * `Sun, 06 Nov 1994 08:49:37 GMT`.
 * @param ms since 1970, in UTC @throws RangeError for what is before year 0 or after 9999
 */
export function formatHTTPDate(ms: number): string {
  if (!(ms >= -62_167_219_200_000 && ms <= LAST)) throw new RangeError(`HTTP has no date for ${ms}`)
  const date = new Date(ms)
  const day = `${DAYS[date.getUTCDay()]}, ${pad(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]}`
  const year = String(date.getUTCFullYear()).padStart(4, '0')
  const time = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`
  return `${day} ${year} ${time} GMT`
}

const IMF = /^(\w{3}), (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/
const RFC850 = /^(\w{6,9}), (\d\d)-(\w{3})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/
const ASCTIME = /^(\w{3}) (\w{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/

/**
 * Reads any of the three forms.
 * @param now ms since 1970, for years of two digits: one that seems more than 50 years ahead is in the past
 * @returns ms since 1970, null for what is no date
 */
export function parseHTTPDate(text: string, now?: number): number | null {
  let match = IMF.exec(text)
  if (match !== null) {
    const [, day, date, month, year, ...time] = match as unknown as string[]
    return DAYS.includes(day) ? moment(Number(year), month, Number(date), time) : null
  }
  match = ASCTIME.exec(text)
  if (match !== null) {
    const [, day, month, date, hour, minute, second, year] = match as unknown as string[]
    return DAYS.includes(day) ? moment(Number(year), month, Number(date), [hour, minute, second]) : null
  }
  match = RFC850.exec(text)
  if (match === null || !LONG_DAYS.includes(match[1])) return null
  const [, , date, month, short, ...time] = match as unknown as string[]
  // Without a clock: those of Netscape's time, as RFC 2626 has it.
  if (now === undefined) return moment((Number(short) < 70 ? 2000 : 1900) + Number(short), month, Number(date), time)
  const century = Math.floor(new Date(now).getUTCFullYear() / 100) * 100
  const found = moment(century + Number(short), month, Number(date), time)
  if (found === null || found - now <= 50 * 365.2425 * DAY) return found
  return moment(century - 100 + Number(short), month, Number(date), time)
}

function moment(year: number, month: string, date: number, time: string[]): number | null {
  const [hour, minute, second] = time.map(Number) as [number, number, number]
  const index = MONTHS.indexOf(month)
  if (index < 0 || date < 1 || hour > 23 || minute > 59 || second > 60) return null
  const found = new Date(0)
  found.setUTCFullYear(year, index, date)
  if (found.getUTCMonth() !== index) return null
  return found.setUTCHours(hour, minute, second, 0)
}
