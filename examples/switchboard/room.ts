/**
 * The room: who is in it, and who hears what. Owns: the members and that their nicknames differ. Must not know: how a
 * member is reached; anything with a nickname that can be told a line will do, which is why it is tested without any
 * connection.
 */
import { foldNickname } from './text.js'

/** Someone in the room. */
export interface Member {
  readonly nick: string
  /** Shows one line, without its end. Must not call back into the room. */
  tell(line: string): void
}

/** One chat room. */
export class Room {
  readonly #members = new Map<string, Member>()

  /** Nicknames, in the order in which they came. */
  get nicks(): string[] {
    return [...this.#members.values()].map((member) => member.nick)
  }

  /** Is there nobody but perhaps `except` with this nickname, whatever its case? */
  isFree(nick: string, except?: Member): boolean {
    const owner = this.#members.get(foldNickname(nick))
    return owner === undefined || owner === except
  }

  /** Lets a member in whose nickname is free, and tells the others. */
  join(member: Member): void {
    this.announce(`* ${member.nick} joined`)
    this.#members.set(foldNickname(member.nick), member)
  }

  /** Tells everyone that a member has a new nickname, which must be free and be the member's `nick` by now. */
  renamed(member: Member, before: string): void {
    // All are put back in order, so that a new nickname does not send its bearer to the end of the list.
    const members = [...this.#members.values()]
    this.#members.clear()
    for (const one of members) this.#members.set(foldNickname(one.nick), one)
    this.announce(`* ${before} is now ${member.nick}`)
  }

  /** Lets a member out and tells the others why. Does nothing for one who is not here. */
  leave(member: Member, why: string): void {
    if (this.#members.get(foldNickname(member.nick)) !== member) return
    this.#members.delete(foldNickname(member.nick))
    this.announce(`* ${member.nick} ${why}`)
  }

  /** Tells the others what a member says. */
  say(member: Member, text: string): void {
    this.announce(`<${member.nick}> ${text}`, member)
  }

  /** Tells everyone a line, but for `except`. */
  announce(line: string, except?: Member): void {
    for (const member of this.#members.values()) {
      if (member !== except) member.tell(line)
    }
  }
}
