import { Option } from 'commander';
import { type Logger, pino } from 'pino';

export const logLevelOption = new Option('--log-level <level>', 'lowest level that is logged')
  .choices(['debug', 'info', 'warn', 'error'])
  .default('info');

/** JSON lines on standard error, one event each. */
export function createLogger(level: string, name: string): Logger {
  return pino(
    {
      level,
      base: { app: name },
      errorKey: 'error',
      serializers: { error: pino.stdSerializers.err },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
