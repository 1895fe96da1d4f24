import type { Logger } from 'pino';
import type { EventInput, EventSubject } from '../kubernetes/api/event-writer.ts';
import { isReportReason, reportTable } from '../model/report-reasons.ts';
import type { Report } from '../protos/generated/types/fairlead/node/v1/Report.ts';
import { decodeMessage } from '../protos/registry.ts';
import type { StreamRef } from '../xds/server/ads-events.ts';

/** Where Events go; a controller that reads manifests has none. */
export type EventSink = (event: EventInput) => void;

/** Turns what an agent reports into Events. What is malformed, or of an unknown reason, is dropped. */
export function reportHandler(sink: EventSink, logger: Logger) {
  return ({ node }: StreamRef, reports: readonly Uint8Array[]): void => {
    const nodeName = node?.nodeName || node?.id;
    if (nodeName === undefined) return;
    for (const bytes of reports) {
      const event = eventOf(nodeName, bytes);
      if (event === undefined) logger.debug({ node: nodeName }, 'Ignored a report of an agent');
      else sink(event);
    }
  };
}

function eventOf(nodeName: string, bytes: Uint8Array): EventInput | undefined {
  const report = decoded(bytes);
  if (report?.reason === undefined || !isReportReason(report.reason)) return undefined;
  const { reason, note = '' } = report;
  return { severity: reportTable[reason].severity, reason, note, subject: subjectOf(report, nodeName), nodeName };
}

function subjectOf({ serviceNamespace, serviceName }: Report, nodeName: string): EventSubject {
  if (!serviceNamespace || !serviceName) return { kind: 'Node', name: nodeName };
  return { kind: 'Service', namespace: serviceNamespace, name: serviceName };
}

function decoded(bytes: Uint8Array): Report | undefined {
  try {
    return decodeMessage('fairlead.node.v1.Report', bytes) as Report;
  } catch {
    return undefined;
  }
}
