export const headerPath: string
export function cHeader(): string
