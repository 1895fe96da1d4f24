/** Longest part of a line of the transaction that an error quotes. */
const quotedLength = 200;

/** There is no nft program. */
export class NftMissingError extends Error {
  constructor(program: string, cause: unknown) {
    super(`${program} was not found`, { cause });
    this.name = 'NftMissingError';
  }
}

/** nft refused a transaction; nothing of it was committed. */
export class NftError extends Error {
  /** First line that nft printed, without the place. */
  readonly reason: string;
  /** The line of the transaction that it named. */
  readonly line: string | undefined;

  constructor(reason: string, line: string | undefined) {
    super(line === undefined ? reason : `${reason}, in: ${line}`);
    this.name = 'NftError';
    this.reason = reason;
    this.line = line;
  }

  /** From what nft printed to standard error, such as `/dev/stdin:3:1-9: Error: Could not process rule: No such file`. */
  static of(stderr: string, input: string, signal: NodeJS.Signals | null): NftError {
    if (signal !== null) return new NftError(`nft was killed by ${signal}`, undefined);
    const first = stderr.split('\n').find((line) => line.trim() !== '') ?? 'nft failed without a message';
    const place = /^(?:[^:\s]+):(\d+):[\d-]+: (?:Error: )?(.*)$/.exec(first);
    if (place === null) return new NftError(first.trim(), undefined);
    return new NftError(place[2] ?? first, quote(input, Number(place[1])));
  }

  get isNotPermitted(): boolean {
    return this.reason.includes('Operation not permitted');
  }
}

function quote(input: string, lineNumber: number): string | undefined {
  const line = input.split('\n')[lineNumber - 1];
  if (line === undefined || line.length <= quotedLength) return line;
  return `${line.slice(0, quotedLength)}…`;
}
