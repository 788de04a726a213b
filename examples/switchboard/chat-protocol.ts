/**
 * The chat port: one connection's conversation, line by line. Owns: asking for a nickname, the commands, and what
 * becomes of those who send too much, read too little, or do nothing. Must not know: the other members; that is the
 * room's.
 *
 *   connected ──a free nickname──▶ in the room ──/quit, idle, a line too long──▶ farewell ──▶ lost
 *       └────────/quit, no nickname in time─────────────────────────────────────▲
 *   and from each of them, at once, when it does not read what it is sent ──────────────────▶ lost
 */
import { ConnectionDone, Factory, LineReceiver, TimeoutMixin } from 'whorl'
import type { Failure, IDelayedCall, IReactorTime } from 'whorl'
import { CHAT_LIMITS } from './limits.js'
import type { ChatLimits } from './limits.js'
import type { Member, Room } from './room.js'
import { TelnetFilter } from './telnet.js'
import { asNickname, cleanText, NICKNAME_RULE } from './text.js'

const HELP = [
  'Type a line to say it to everyone. Commands:',
  '/who          who is here',
  '/nick NAME    take another nickname',
  '/quit [WORDS] leave',
  '/help         this list',
]

/** One connection to the chat room. */
export class ChatProtocol extends TimeoutMixin(LineReceiver<string>) implements Member {
  /** Empty until one was chosen. */
  nick = ''
  // A line feed alone, so that `nc` (LF) and `telnet` (CR LF) are both understood; cleaning takes the CR away.
  override delimiter = '\n'
  readonly #room: Room
  readonly #limits: Readonly<ChatLimits>
  readonly #telnet = new TelnetFilter((answer) => this.#send(answer))
  #isWarned = false
  #isTooSlow = false
  #burst = 0
  #breather: IDelayedCall | null = null

  constructor(room: Room, clock: IReactorTime, limits: Readonly<ChatLimits>) {
    super()
    this.#room = room
    this.#limits = limits
    this.clock = clock
    this.maxLength = limits.line
  }

  override connectionMade(): void {
    this.setTimeout(this.#limits.naming)
    this.tell('Welcome to the switchboard. What is your nickname?')
  }

  override dataReceived(data: Uint8Array): void {
    super.dataReceived(this.#telnet.filter(data))
  }

  override lineReceived(line: string): void {
    this.#countLine()
    this.#stayAwake()
    const text = cleanText(line)
    if (text === '') return
    if (text.startsWith('/')) this.#command(text)
    else if (this.nick === '') this.#enter(text)
    else this.#room.say(this, text)
  }

  override lineLengthExceeded(): void {
    this.#farewell(`A line has at most ${this.#limits.line} bytes. Goodbye.`, 'was cut off: a line too long')
  }

  override timeoutConnection(): void {
    if (this.transport.disconnecting) {
      // It has not even taken its farewell.
      this.transport.abortConnection()
    } else if (this.nick === '') {
      this.#farewell('No nickname, no chat. Goodbye.', '')
    } else if (!this.#isWarned) {
      this.#isWarned = true
      this.tell(`* Are you there? Say something within ${this.#limits.warning / 1000} seconds.`)
      this.setTimeout(this.#limits.warning)
    } else {
      this.#farewell('Nothing heard from you for too long. Goodbye.', 'fell asleep')
    }
  }

  override connectionLost(reason: Failure): void {
    this.#breather?.cancel()
    this.#breather = null
    const why = this.#isTooSlow ? 'was dropped: reads too slowly'
      : reason.check(ConnectionDone) !== null ? 'left' : 'lost the connection'
    this.#room.leave(this, why)
    super.connectionLost(reason)
  }

  /** Sends a line. */
  tell(line: string): void {
    this.#send(`${line}\r\n`)
  }

  /**
   * All output goes through here. What the peer does not read waits in this server's memory, so there is an end to it:
   * then it is given up, without a word, because the word would have to wait too. The room hears of it from
   * `connectionLost`, which comes in a later turn.
   */
  #send(data: string | Uint8Array): void {
    if (this.transport.disconnecting) return
    this.transport.write(data)
    if (this.transport.writableLength <= this.#limits.backlog) return
    this.#isTooSlow = true
    this.transport.abortConnection()
  }

  /** Whoever sends faster than anyone can read is read more slowly: the rest waits in the sender's machine. */
  #countLine(): void {
    this.#burst += 1
    this.#breather ??= this.callLater(this.#limits.breather, () => {
      const wasPaused = this.#burst >= this.#limits.burst
      this.#breather = null
      this.#burst = 0
      if (wasPaused) this.resumeProducing()
    })
    if (this.#burst === this.#limits.burst) this.pauseProducing()
  }

  /** A line puts the timeout off, but not the one for choosing a nickname. */
  #stayAwake(): void {
    if (this.nick === '') return
    this.#isWarned = false
    this.setTimeout(this.#limits.idle)
  }

  #enter(text: string): void {
    const nick = this.#freeNickname(text)
    if (nick === null) return
    const others = this.#room.nicks
    this.nick = nick
    this.#room.join(this)
    this.#stayAwake()
    this.tell(others.length === 0 ? `Hello, ${nick}. Nobody else is here yet.`
      : `Hello, ${nick}. Also here: ${others.join(', ')}.`)
    this.tell('/help lists the commands, /quit leaves.')
  }

  #command(text: string): void {
    const [, name = '', rest = ''] = /^\/(\S*)\s*(.*)$/u.exec(text) ?? []
    switch (name.toLowerCase()) {
      case 'who':
        return this.tell(`Here: ${this.#room.nicks.join(', ') || 'nobody'}`)
      case 'nick':
        return this.nick === '' ? this.#enter(rest) : this.#rename(rest)
      case 'quit':
        return this.#farewell('Goodbye.', rest === '' ? 'left' : `left: ${rest}`)
      case 'help':
        return HELP.forEach((line) => this.tell(line))
      default:
        return this.tell(`There is no command /${name}; /help lists those there are.`)
    }
  }

  #rename(text: string): void {
    const nick = this.#freeNickname(text)
    if (nick === null || nick === this.nick) return
    const before = this.nick
    this.nick = nick
    this.#room.renamed(this, before)
  }

  /** The nickname in this text, or null, and then the member knows why. */
  #freeNickname(text: string): string | null {
    const nick = asNickname(text)
    if (nick === null) {
      this.tell(NICKNAME_RULE)
      return null
    }
    if (this.#room.isFree(nick, this)) return nick
    this.tell(`The nickname ${nick} is taken. Another?`)
    return null
  }

  #farewell(words: string, why: string): void {
    this.tell(words)
    this.#room.leave(this, why)
    this.transport.loseConnection()
    this.setTimeout(this.#limits.farewell)
  }
}

/** Makes the chat protocols of one room. */
export class ChatFactory extends Factory {
  readonly #room: Room
  readonly #clock: IReactorTime
  readonly #limits: Readonly<ChatLimits>

  constructor(room: Room, clock: IReactorTime, limits: Readonly<ChatLimits> = CHAT_LIMITS) {
    super()
    this.#room = room
    this.#clock = clock
    this.#limits = limits
  }

  override buildProtocol(): ChatProtocol {
    return new ChatProtocol(this.#room, this.#clock, this.#limits)
  }
}
