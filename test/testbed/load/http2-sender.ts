import http2 from 'node:http2';
import { text } from 'node:stream/consumers';
import { echoIn, type Finding, failure, type LoadOptions } from './attempt.ts';

/** HTTP/2 without TLS; all requests on one connection, as gRPC clients do, and a new one when that is gone. */
export function http2Sender(options: LoadOptions): () => Promise<Finding> {
  let session = connect(options);
  let opened = false;
  let active = 0;
  return async () => {
    const reused = opened && !session.closed && !session.destroyed;
    if (!reused && opened) session = connect(options);
    opened = true;
    active += 1;
    session.ref();
    try {
      return await request(session, options, reused);
    } finally {
      active -= 1;
      if (active === 0) session.unref(); // An idle connection does not keep the process.
    }
  };
}

function connect({ target }: LoadOptions): http2.ClientHttp2Session {
  const session = http2.connect(`http://${target}`);
  session.on('error', () => {}); // Each of its requests tells.
  return session;
}

async function request(session: http2.ClientHttp2Session, options: LoadOptions, reused: boolean): Promise<Finding> {
  const stream = session.request({ ':path': options.path });
  stream.setTimeout(options.timeoutMs, () => stream.destroy(Object.assign(new Error('TIMEOUT'), { code: 'TIMEOUT' })));
  try {
    const status = new Promise<number>((resolve, reject) => {
      stream.once('response', (headers) => resolve(headers[':status'] ?? 0));
      stream.once('error', reject);
    });
    const code = await status;
    const body = await text(stream);
    return { outcome: code >= 400 ? 'status' : 'ok', status: code, reusedConnection: reused, ...echoIn(body) };
  } catch (error) {
    return failure(error, reused);
  }
}
