/**
 * Two hosts with a cable between them: network namespaces, a pair of virtual Ethernet devices, and packet filters.
 * Owns: making them, and that nothing of them is left. Linux, as root.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Program, root } from './programs.js'

/** What the two are called, and their addresses on the cable. */
export type Side = 'left' | 'right'
export const ADDRESS = {
  left: { v4: '10.201.77.1', v6: 'fd77:201::1' },
  right: { v4: '10.201.77.2', v6: 'fd77:201::2' },
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Sets one of the kernel's settings for IPv6 in a namespace. */
function setting(namespace: string, name: string, value: number): void {
  run('ip', 'netns', 'exec', namespace, 'sh', '-c', `echo ${value} > /proc/sys/net/ipv6/conf/${name}`)
}

/** What is missing here for a lab; null if nothing is. */
function missing(): string | null {
  for (const [command, name] of [['ip', 'iproute2'], ['nft', 'nftables']] as const) {
    if (spawnSync(command, ['-V'], { stdio: 'ignore' }).error !== undefined) return `the package ${name}`
  }
  const probe = `whorl-${process.pid}-probe`
  const tried = spawnSync('ip', ['netns', 'add', probe], { encoding: 'utf8' })
  if (tried.status !== 0) return `the right to make network namespaces (as root): ${tried.stderr.trim()}`
  const filter = spawnSync('ip', ['netns', 'exec', probe, 'nft', 'add', 'table', 'inet', 'probe'], { encoding: 'utf8' })
  spawnSync('ip', ['netns', 'delete', probe])
  return filter.status === 0 ? null : `nftables in the kernel: ${filter.stderr.trim()}`
}

/** Tests that need a lab: where there can be none they are skipped and say why; in CI that is one failure instead. */
export function describeWithLab(title: string, tests: () => void): void {
  const lacking = missing()
  if (lacking === null) {
    describe(title, tests)
  } else if (process.env['CI'] === undefined) {
    describe.skip(`${title} (needs ${lacking})`, tests)
  } else {
    describe(title, () => it('has network namespaces', () => expect.fail(`needs ${lacking}`)))
  }
}

/** Two hosts and the cable. */
export class Lab {
  readonly #names: Record<Side, string>

  constructor() {
    this.#names = { left: `whorl-${process.pid}-left`, right: `whorl-${process.pid}-right` }
    const { left, right } = this.#names
    try {
      for (const name of [left, right]) {
        run('ip', 'netns', 'add', name)
        // Addresses are good at once, without looking for another host that has them.
        setting(name, 'default/accept_dad', 0)
        run('ip', '-n', name, 'link', 'set', 'lo', 'up')
      }
      run('ip', '-n', left, 'link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable', 'netns', right)
      for (const side of ['left', 'right'] as const) {
        run('ip', '-n', this.#names[side], 'address', 'add', `${ADDRESS[side].v4}/24`, 'dev', 'cable')
        run('ip', '-n', this.#names[side], 'address', 'add', `${ADDRESS[side].v6}/64`, 'dev', 'cable', 'nodad')
        // Survive the cable's being pulled, as addresses of IPv4 do.
        setting(this.#names[side], 'cable/keep_addr_on_down', 1)
        run('ip', '-n', this.#names[side], 'link', 'set', 'cable', 'up')
      }
    } catch (error) {
      this.remove()
      throw error
    }
  }

  /** Fulfilled once the cable carries both families, which takes the kernel a moment. */
  async ready(): Promise<void> {
    for (const name of Object.values(this.#names)) {
      while (!/state UP/.test(run('ip', '-n', name, '-o', 'link', 'show', 'dev', 'cable')) ||
        !/fe80:/.test(run('ip', '-n', name, '-6', '-o', 'address', 'show', 'dev', 'cable', '-tentative'))) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
  }

  /** The address of a host's device that is good on the cable only, without a zone. */
  linkLocal(side: Side): string {
    const shown = run('ip', '-n', this.#names[side], '-6', '-o', 'address', 'show', 'dev', 'cable', 'scope', 'link')
    const found = /inet6 (fe80:[0-9a-f:]+)\//.exec(shown)
    if (found === null) throw new Error(`no link-local address: ${shown}`)
    return found[1]
  }

  /** Runs netns-host.mjs on one of them. */
  start(side: Side, job: Record<string, unknown>): HostProgram {
    return new HostProgram(this.#names[side], job)
  }

  /** Drops what a host receives, silently. @param match an expression of nft, such as `ip6 saddr ::/0` */
  drop(side: Side, match: string): void {
    const rules = `table inet test { chain input { type filter hook input priority 0; ${match} drop; }; }`
    run('ip', 'netns', 'exec', this.#names[side], 'nft', rules)
  }

  /** No more filters. */
  clear(side: Side): void {
    run('ip', 'netns', 'exec', this.#names[side], 'nft', 'flush', 'ruleset')
  }

  /** What a host's own hosts file says, and which name server it asks: one second, once. */
  nameService(side: Side, hosts: string, server: string): void {
    const folder = `/etc/netns/${this.#names[side]}`
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${folder}/hosts`, hosts)
    writeFileSync(`${folder}/resolv.conf`, `nameserver ${server}\noptions timeout:1 attempts:1\n`)
    // Each of these stands in for a file that must be there.
    if (existsSync('/etc/nsswitch.conf')) writeFileSync(`${folder}/nsswitch.conf`, 'hosts: files dns\n')
  }

  pullCable(side: Side): void {
    run('ip', '-n', this.#names[side], 'link', 'set', 'cable', 'down')
  }

  plugCable(side: Side): void {
    run('ip', '-n', this.#names[side], 'link', 'set', 'cable', 'up')
  }

  remove(): void {
    for (const name of Object.values(this.#names)) {
      spawnSync('ip', ['netns', 'delete', name])
      rmSync(`/etc/netns/${name}`, { recursive: true, force: true })
    }
  }
}

/** One of our programs on one of the hosts; what it prints is one JSON object a line. */
export class HostProgram {
  readonly program: Program

  constructor(namespace: string, job: Record<string, unknown>) {
    const script = [`${root}test/interop/netns-host.mjs`, `${root}dist/whorl.node.js`, JSON.stringify(job)]
    this.program = new Program('ip', ['netns', 'exec', namespace, process.execPath, ...script])
  }

  /** The first line that says something about `what`. */
  async says<T = Record<string, unknown>>(what: string): Promise<T> {
    const [line] = await this.program.prints(new RegExp(`^\\{"${what}":.*\\}$`, 'm'))
    return JSON.parse(line) as T
  }

  /** Every line so far that says something about `what`. */
  all<T = Record<string, unknown>>(what: string): T[] {
    return this.program.text.split('\n').filter((line) => line.startsWith(`{"${what}":`)).map((line) => JSON.parse(line) as T)
  }

  tell(order: Record<string, unknown>): void {
    this.program.type(`${JSON.stringify(order)}\n`)
  }

  /** Has it stop its reactor; fulfilled when it has ended, and ended well. */
  async stop(): Promise<void> {
    this.program.child.stdin.end()
    const { status, signal } = await this.program.ended
    expect({ status, signal, error: this.program.errorText }).toEqual({ status: 0, signal: null, error: '' })
  }
}
