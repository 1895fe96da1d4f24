import type { EventEmitter } from 'node:events';
import type { Logger } from 'pino';

export interface ExceptionOptions {
  readonly logger: Logger;
  /** For the metric. */
  readonly onException: () => void;
  /** Exits the process; does not return. */
  readonly exit: (code: number) => void;
}

/** This many within a minute are not an accident of one stream: something is permanently broken, and a restart is better. */
const mostPerMinute = 20;
const minuteMs = 60_000;

/**
 * Keeps the process alive when something throws where nothing catches: usually in a callback of one stream or one
 * request. Exiting would end every stream, and all clients would reconnect at once. What was thrown is logged and counted.
 * Fatal are an exception that cannot be logged, and `mostPerMinute`; then the process exits with 1, so that it is restarted.
 * Unhandled rejections arrive as exceptions, too (Node's `--unhandled-rejections=throw`, the default).
 */
export function surviveExceptions(process: Pick<EventEmitter, 'on'>, options: ExceptionOptions): void {
  const { logger, onException, exit } = options;
  let recent: readonly number[] = [];
  process.on('uncaughtException', (error: unknown, origin: string) => {
    const now = performance.now();
    recent = [...recent.filter((at) => now - at < minuteMs), now];
    const isFatal = recent.length > mostPerMinute;
    try {
      onException();
      logger.error({ error, origin }, 'An exception was not caught');
      if (isFatal) logger.fatal({ exceptions: recent.length }, 'Exited because of too many exceptions within a minute');
    } catch {
      exit(1);
    }
    if (isFatal) exit(1);
  });
}
