export function buildCore(options?: { force?: boolean, debug?: boolean }): Promise<boolean>
