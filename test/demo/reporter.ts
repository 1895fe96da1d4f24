import type { WriteStream } from 'node:tty';

/** A claim of the story that did not hold. */
export class ClaimFailed extends Error {
  override readonly name = 'ClaimFailed';
}

type Style = 'bold' | 'dim' | 'green' | 'red' | 'cyan';

const codes: Readonly<Record<Style, number>> = { bold: 1, dim: 2, green: 32, red: 31, cyan: 36 };

/** Where the story is told. */
export type Page = Pick<WriteStream, 'write'> & { readonly isTTY?: boolean };

/** Prints the story: numbered steps, what goes on, what was found; in colour and live on a terminal, else plainly. */
export class Reporter {
  readonly #page: Page;
  readonly #coloured: boolean;
  readonly #live: boolean;
  #steps = 0;
  #claims = 0;
  #transient = false;
  #ended = false;

  constructor(page: Page, env: NodeJS.ProcessEnv) {
    this.#page = page;
    this.#live = page.isTTY === true && env['TERM'] !== 'dumb';
    this.#coloured = this.#live && (env['NO_COLOR'] ?? '') === ''; // https://no-color.org
  }

  /** How many claims held so far. */
  get claims(): number {
    return this.#claims;
  }

  title(text: string): void {
    this.#line(this.#styled('bold', text));
  }

  step(title: string, of: number): void {
    this.#steps += 1;
    this.#line('');
    this.#line(this.#styled('bold', `${this.#steps}/${of}  ${title}`));
  }

  /** What goes on right now; on a terminal the next line takes its place. */
  doing(text: string): void {
    if (this.#ended) return;
    this.#erase();
    this.#page.write(`     ${this.#styled('dim', `… ${text}`)}${this.#live ? '' : '\n'}`);
    this.#transient = this.#live;
  }

  /** A measurement or another thing to know. */
  note(text: string): void {
    for (const line of text.split('\n')) this.#line(`     ${this.#styled('cyan', '·')} ${line}`);
  }

  /** Output of something, as it is. */
  quote(lines: readonly string[]): void {
    for (const line of lines) this.#line(`       ${this.#styled('dim', line)}`);
  }

  /**
   * States what was found, and whether it is so.
   * @throws ClaimFailed when it is not
   */
  claim(holds: boolean, text: string, otherwise = ''): void {
    const mark = holds ? this.#styled('green', '✔') : this.#styled('red', '✖');
    this.#line(`     ${mark} ${text}${holds || otherwise === '' ? '' : `: ${otherwise}`}`);
    if (!holds) throw new ClaimFailed(text);
    this.#claims += 1;
  }

  failure(text: string): void {
    this.#line(`${this.#styled('red', '✖')} ${text}`);
  }

  plain(text: string): void {
    this.#line(text);
  }

  /** The last line; what comes later, from a step that goes on after an interruption, is not told. */
  end(text: string): void {
    this.#line(`     … ${text}`);
    this.#ended = true;
  }

  #line(text: string): void {
    if (this.#ended) return;
    this.#erase();
    this.#page.write(`${text}\n`);
  }

  #erase(): void {
    if (this.#transient) this.#page.write('\r\u001b[2K');
    this.#transient = false;
  }

  #styled(style: Style, text: string): string {
    return this.#coloured ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;
  }
}
