/**
 * Types of what is used of isolated-vm 7, which is no dependency.
 */

export interface IsolatedReference {
  applyIgnored(receiver: undefined, args: readonly unknown[], options?: object): void
  apply(receiver: undefined, args: readonly unknown[], options?: object): Promise<unknown>
}

export interface IsolatedContext {
  readonly global: { set(name: string, value: unknown): Promise<void> }
  eval(code: string, options?: object): Promise<IsolatedReference>
  evalClosure(code: string, args: readonly unknown[], options?: object): Promise<unknown>
}

export interface IsolatedVM {
  readonly Isolate: new (options: { memoryLimit: number }) => {
    createContext(): Promise<IsolatedContext>
    compileScript(code: string, options?: object): Promise<{
      run(context: IsolatedContext, options?: object): Promise<unknown>
    }>
    dispose(): void
  }
  readonly Callback: new (fn: (...args: never[]) => void, options?: object) => unknown
  readonly ExternalCopy: new (value: unknown) => { copyInto(): unknown }
}
