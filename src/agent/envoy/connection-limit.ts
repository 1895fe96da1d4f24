import { readFileSync } from 'node:fs';

/** For what is not a client's connection: libraries, log files, the admin interface, the controller's stream, epoll. */
const otherFiles = 2_000;

/**
 * How many connections of clients Envoy may hold: each needs a file of its own and one for the endpoint, and Envoy 1.40 ends with a
 * segmentation fault when it has none left for an upstream socket.
 * @param openFiles limit of open files of the process
 */
export function maxConnections(openFiles: number): number {
  return Math.floor((openFiles - Math.min(otherFiles, openFiles / 4)) / 2);
}

/** This process's hard limit of open files, which Envoy shares as its child or as a container of the same Pod; undefined: no limit. */
export function openFilesLimit(limits = readFileSync('/proc/self/limits', 'utf8')): number | undefined {
  const match = /^Max open files\s+\S+\s+(\d+)/m.exec(limits);
  return match === null ? undefined : Number(match[1]);
}
