/**
 * One person's conversation with the chat, whatever it comes through. Owns: asking for a nickname, the commands, and
 * what becomes of those who send too much, read too little, or do nothing. Must not know: sockets and framing, which
 * are its line's; the other members, who are the room's.
 *
 *   begin ──a free nickname──▶ in the room ──/quit, idle, too much──▶ farewell ──▶ ended
 *     └────────/quit, no nickname in time───────────────────────────────▲
 *   and from each of them, at once, when it does not read what it is sent ──▶ ended
 */
import type { IDelayedCall, IReactorTime } from 'whorl'
import type { ChatLimits } from './limits.js'
import type { Member, Room } from './room.js'
import { asNickname, cleanText, NICKNAME_RULE } from './text.js'

const HELP = [
  'Type a line to say it to everyone. Commands:',
  '/who          who is here',
  '/nick NAME    take another nickname',
  '/quit [WORDS] leave',
  '/help         this list',
]

/** The way to one person: a connection that carries lines. */
export interface Line {
  /** Nothing more can be sent. */
  readonly isClosing: boolean
  /** Bytes that were sent and that the peer has not taken. */
  readonly waiting: number
  /** Sends one line of text, without its end. */
  send(text: string): void
  /** Reads nothing more, until `resume`. */
  pause(): void
  resume(): void
  /** Closes behind what was sent. */
  hangUp(): void
  /** Closes at once, whatever was sent. */
  cut(): void
}

/** What is said on one line, and to it. */
export class Conversation implements Member {
  /** Empty until one was chosen. */
  nick = ''
  readonly #line: Line
  readonly #room: Room
  readonly #clock: IReactorTime
  readonly #limits: Readonly<ChatLimits>
  #isWarned = false
  #isTooSlow = false
  #burst = 0
  #breather: IDelayedCall | null = null
  #patience: IDelayedCall | null = null

  constructor(line: Line, room: Room, clock: IReactorTime, limits: Readonly<ChatLimits>) {
    this.#line = line
    this.#room = room
    this.#clock = clock
    this.#limits = limits
  }

  /** The line is open. */
  begin(): void {
    this.#wait(this.#limits.naming)
    this.tell('Welcome to the switchboard. What is your nickname?')
  }

  /** A line has come. */
  heard(line: string): void {
    this.#countLine()
    this.#stayAwake()
    const text = cleanText(line)
    if (text === '') return
    if (text.startsWith('/')) this.#command(text)
    else if (this.nick === '') this.#enter(text)
    else this.#room.say(this, text)
  }

  /** A line that is longer than it may be is coming, or has come. */
  heardTooMuch(): void {
    this.#farewell(`A line has at most ${this.#limits.line} bytes. Goodbye.`, 'was cut off: a line too long')
  }

  /** The line is gone. @param inOrder whether it was closed, and did not just break */
  ended(inOrder: boolean): void {
    for (const timer of [this.#breather, this.#patience]) if (timer?.active()) timer.cancel()
    this.#breather = this.#patience = null
    const why = this.#isTooSlow ? 'was dropped: reads too slowly' : inOrder ? 'left' : 'lost the connection'
    this.#room.leave(this, why)
  }

  /** Sends a line. */
  tell(line: string): void {
    if (this.#line.isClosing) return
    this.#line.send(line)
    this.checkReader()
  }

  /**
   * To be called after everything that is sent. What the peer does not read waits in this server's memory, so there is
   * an end to it: then it is given up, without a word, because the word would have to wait too. The room hears of it
   * from `ended`, which comes in a later turn.
   */
  checkReader(): void {
    if (this.#line.waiting <= this.#limits.backlog) return
    this.#isTooSlow = true
    this.#line.cut()
  }

  /** Whoever sends faster than anyone can read is read more slowly: the rest waits in the sender's machine. */
  #countLine(): void {
    this.#burst += 1
    this.#breather ??= this.#clock.callLater(this.#limits.breather, () => {
      const wasPaused = this.#burst >= this.#limits.burst
      this.#breather = null
      this.#burst = 0
      if (wasPaused) this.#line.resume()
    })
    if (this.#burst === this.#limits.burst) this.#line.pause()
  }

  /** Counts from now; what happens when the time is over depends on what is waited for. */
  #wait(ms: number): void {
    if (this.#patience === null) {
      this.#patience = this.#clock.callLater(ms, () => {
        this.#patience = null
        this.#lostPatience()
      })
    } else this.#patience.reset(ms)
  }

  #lostPatience(): void {
    if (this.#line.isClosing) {
      // It has not even taken its farewell.
      this.#line.cut()
    } else if (this.nick === '') {
      this.#farewell('No nickname, no chat. Goodbye.', '')
    } else if (!this.#isWarned) {
      this.#isWarned = true
      this.tell(`* Are you there? Say something within ${this.#limits.warning / 1000} seconds.`)
      this.#wait(this.#limits.warning)
    } else {
      this.#farewell('Nothing heard from you for too long. Goodbye.', 'fell asleep')
    }
  }

  /** A line puts that off, but not the time for choosing a nickname. */
  #stayAwake(): void {
    if (this.nick === '') return
    this.#isWarned = false
    this.#wait(this.#limits.idle)
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
    this.#line.hangUp()
    this.#wait(this.#limits.farewell)
  }
}
