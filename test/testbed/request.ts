import { run } from './run.ts';

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Speak HTTP/2 from the first byte (h2c). */
  readonly http2?: boolean;
  /** Default 10,000. */
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  /** Names in lower case; of repeated ones the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * One HTTP request from inside a namespace, on a connection of its own.
 * @throws when there is no answer
 */
export async function requestFrom(namespace: string, url: string, options: RequestOptions = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, http2 = false, timeoutMs = 10_000 } = options;
  const headerArgs = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  // By standard input: an argument may have 128 KiB.
  const bodyArgs = body === undefined ? [] : ['--data-binary', '@-'];
  const input = body === undefined ? {} : { input: body };
  const versionArgs = http2 ? ['--http2-prior-knowledge'] : [];
  const command = ['curl', '-gsS', '-i', '-X', method, '-m', String(timeoutMs / 1000)];
  return parseAnswer(await run([...command, ...versionArgs, ...headerArgs, ...bodyArgs, url], { namespace, ...input }));
}

/** The same for an answer in JSON. */
export async function fetchJsonFrom<T>(namespace: string, url: string, options: RequestOptions = {}): Promise<T> {
  const answer = await requestFrom(namespace, url, options);
  if (answer.status >= 400) throw new Error(`${url} answered ${answer.status}: ${answer.body.slice(0, 200)}`);
  return JSON.parse(answer.body) as T;
}

function parseAnswer(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { status: Number(statusLine.split(' ')[1]), headers: Object.fromEntries(headers), body: text.slice(end + 4) };
}
